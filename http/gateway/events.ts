/**
 * Server-sent events of one wallet: every posting once, in order, resumable by `Last-Event-ID`.
 *
 * V1  Hints only wake the reading; what is sent comes from the ledger, so a lost hint costs at most one poll.
 * V2  A client that does not read is not read for: nothing is kept for it but the number of its last posting.
 * V3  A stream ends after a while, and the client comes back with a token that is still good.
 */
import { Readable } from 'node:stream';
import type { Posting } from '../../engine/envelope.ts';

export interface WalletFeed {
  /** Postings after number `n`, oldest first; the first one may be later than `n + 1` when too much was missed. */
  after(n: number): Promise<readonly Posting[]>;
  /** Calls back when the wallet may have moved; returns the way to stop it. */
  watch(listener: () => void): () => void;
}

export interface EventStreamOptions {
  readonly feed: WalletFeed;
  /** The number of the last posting the client has. */
  readonly after: number;
  /** Ends the stream in good order. */
  readonly signal: AbortSignal;
  readonly render: (posting: Posting) => { readonly event: string; readonly data: unknown };
}

const POLL_MS = 2_000;
const BEAT_MS = 15_000;
const LIFE_MS = 15 * 60 * 1_000;
/** How long an ended stream waits for a client that does not read what is left. */
const LINGER_MS = 30_000;

/** A stream of `text/event-stream`. */
export function eventStream(options: EventStreamOptions): Readable {
  const over = new AbortController();
  const stream = Readable.from(frames(options, over.signal), { objectMode: false, highWaterMark: 1 });
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    over.abort();
    clearTimeout(timer);
    timer = setTimeout(() => stream.destroy(), LINGER_MS);
  };
  timer = setTimeout(stop, LIFE_MS);
  options.signal.addEventListener('abort', stop, { once: true });
  stream.once('close', () => {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', stop);
    over.abort();
  });
  if (options.signal.aborted) stop();
  return stream;
}

async function* frames({ feed, after, render }: EventStreamOptions, over: AbortSignal): AsyncGenerator<string> {
  const waker = createWaker(over);
  const unwatch = feed.watch(() => waker.wake());
  try {
    yield ': connected\n\n';
    let last = after;
    let beatAt = performance.now() + BEAT_MS;
    while (!over.aborted) {
      for (const posting of await postingsAfter(feed, last)) {
        const { event, data } = render(posting);
        if (posting.n > last + 1) yield frame('missed', posting.n - 1, { after: String(last), before: String(posting.n) });
        yield frame(event, posting.n, data);
        last = posting.n;
      }
      await waker.sleep(POLL_MS);
      if (performance.now() < beatAt) continue;
      beatAt = performance.now() + BEAT_MS;
      yield ': beat\n\n';
    }
  } finally {
    unwatch();
  }
}

function frame(event: string, id: number, data: unknown): string {
  return `id: ${String(id)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** While the store is away there is nothing to tell; the next look tries again (V1). */
async function postingsAfter(feed: WalletFeed, n: number): Promise<readonly Posting[]> {
  try {
    return await feed.after(n);
  } catch {
    return [];
  }
}

/** A sleep that a hint ends; a hint that came while nobody slept ends the next one at once. */
function createWaker(over: AbortSignal): { wake(): void; sleep(ms: number): Promise<void> } {
  let woken = false;
  let ring: (() => void) | null = null;
  const wake = (): void => {
    woken = true;
    ring?.();
  };
  over.addEventListener('abort', wake, { once: true });
  return {
    wake,
    sleep: (ms) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          woken = false;
          ring = null;
          resolve();
        };
        const timer = setTimeout(done, ms);
        ring = done;
        if (woken || over.aborted) done();
      }),
  };
}
