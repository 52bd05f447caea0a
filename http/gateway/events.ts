/**
 * Server-sent events of one wallet: every posting once, in order, resumable by `Last-Event-ID`.
 *
 * V1  Hints only wake the reading; what is sent comes from the ledger, so a lost hint costs at most one poll.
 * V2  The number of open streams is bounded; a client that does not read is closed, not buffered for.
 */
import { Readable } from 'node:stream';
import type { Posting } from '../../engine/envelope.ts';

export interface WalletFeed {
  /** Postings after number `n`, oldest first. */
  after(n: number): Promise<readonly Posting[]>;
  /** Calls back when the wallet may have moved; returns the way to stop it. */
  watch(listener: () => void): () => void;
}

export interface EventStreamOptions {
  readonly feed: WalletFeed;
  /** The number of the last posting the client has. */
  readonly after: number;
  readonly signal: AbortSignal;
  render(posting: Posting): { readonly event: string; readonly data: unknown };
}

const POLL_MS = 2_000;
const BEAT_MS = 15_000;
const BUFFER_BYTES_MAX = 262_144;

/** A stream of `text/event-stream` that ends when the client goes away. */
export function eventStream({ feed, after, signal, render }: EventStreamOptions): Readable {
  const stream = new Readable({ read: () => undefined, highWaterMark: BUFFER_BYTES_MAX });
  let last = after;
  let running = false;
  let again = false;

  const write = (text: string): void => {
    if (!stream.push(text)) stream.destroy(); // V2
  };
  const send = async (): Promise<void> => {
    again = true;
    if (running) return;
    running = true;
    try {
      while (again && !stream.destroyed) {
        again = false;
        for (const posting of await feed.after(last)) {
          const { event, data } = render(posting);
          write(`id: ${String(posting.n)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
          last = posting.n;
        }
      }
    } catch {
      // The store is away: the next poll tries again (V1).
    } finally {
      running = false;
    }
  };
  const wake = (): void => void send();
  const unwatch = feed.watch(wake);
  const poll = setInterval(wake, POLL_MS);
  const beat = setInterval(() => {
    write(': beat\n\n');
  }, BEAT_MS);
  const end = (): void => {
    clearInterval(poll);
    clearInterval(beat);
    unwatch();
    stream.destroy();
  };
  signal.addEventListener('abort', end, { once: true });
  stream.once('close', end);
  write(': connected\n\n');
  wake();
  return stream;
}
