// Deliveries as providers make them: at least once, in no certain order, a bounded number of attempts.
// W1 an event keeps its id and body on every attempt and every re-send.
// W2 an attempt that gets no 2xx is repeated after the next wait of the schedule; after the last one the event is dropped.
// W3 closing ends every timer and request.
import PQueue from 'p-queue';
import type { Clock } from './clock.ts';
import type { Faults, FaultState } from './faults.ts';
import { Refusal } from './refusal.ts';
import type { Random } from './random.ts';

export interface WebhookTarget {
  id: string;
  url: string;
  method: string;
  /** Given back in the body by Moyasar; unused by a bank that sends none. */
  secret: string | null;
  headers: Readonly<Record<string, string>>;
  /** Null: every event. */
  events: readonly string[] | null;
}

/** How a target is given in options. */
export interface WebhookTargetOptions {
  url: string;
  secret?: string | undefined;
  method?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  events?: readonly string[] | undefined;
}

export interface WebhookEvent {
  id: string;
  type: string;
  createdAt: string;
  data: unknown;
  /** Text of the body for one target; fixed when the event was made. */
  body(target: WebhookTarget): string;
}

export interface WebhookAttempt {
  id: string;
  webhook_id: string;
  event_id: string;
  event_type: string;
  retry_number: number;
  result: 'success' | 'failed';
  message: string | null;
  response_code: number | null;
  response_headers: Record<string, string>;
  response_body: string | null;
  created_at: string;
}

export interface Webhooks {
  targets: Map<string, WebhookTarget>;
  add(target: WebhookTargetOptions): WebhookTarget;
  /** `copies` 0 only remembers the event, so that it can be sent later. */
  emit(event: WebhookEvent, copies?: number): void;
  resend(eventId: string, copies?: number): WebhookEvent;
  events(): WebhookEvent[];
  attempts(): WebhookAttempt[];
  retriesWaiting(): number;
  /** Makes every waiting retry happen now. */
  hurry(): void;
  /** Resolves when nothing is being sent; waiting retries do not count. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export interface WebhookOptions {
  targets: readonly WebhookTargetOptions[];
  retriesMs: readonly number[];
  faults: Faults;
  random: Random;
  clock: Clock;
  timeoutMs?: number | undefined;
}

const CONCURRENT_SENDS = 16;
const SEND_TIMEOUT_MS = 10_000;
const HOLD_MS = 1_000;
const KEPT = 20_000;
const RESPONSE_BODY_CHARACTERS = 1_000;

interface Delivery {
  event: WebhookEvent;
  target: WebhookTarget;
  retry: number;
}

interface Answer {
  code: number | null;
  message: string | null;
  headers: Record<string, string>;
  body: string | null;
}

export function createWebhooks(options: WebhookOptions): Webhooks {
  return new WebhookSender(options);
}

class WebhookSender implements Webhooks {
  readonly targets = new Map<string, WebhookTarget>();
  readonly #options: WebhookOptions;
  readonly #queue = new PQueue({ concurrency: CONCURRENT_SENDS });
  readonly #events = new Map<string, WebhookEvent>();
  readonly #attempts: WebhookAttempt[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #retries = new Map<NodeJS.Timeout, Delivery>();
  readonly #held = new Set<() => void>();
  readonly #closing = new AbortController();

  constructor(options: WebhookOptions) {
    this.#options = options;
    for (const target of options.targets) this.add(target);
  }

  add({ url, secret, method, headers, events }: WebhookTargetOptions): WebhookTarget {
    const id = this.#options.random.uuid();
    const target: WebhookTarget = {
      id,
      url,
      method: (method ?? 'POST').toUpperCase(),
      secret: secret ?? null,
      headers: headers ?? {},
      events: events ?? null,
    };
    this.targets.set(id, target);
    return target;
  }

  emit(event: WebhookEvent, copies = 1): void {
    keep(this.#events, event.id, event);
    for (const target of this.targets.values()) {
      if (target.events !== null && !target.events.includes(event.type)) continue;
      for (let copy = 0; copy < copies; copy += 1) this.#start({ event, target, retry: 0 });
    }
  }

  resend(eventId: string, copies = 1): WebhookEvent {
    const event = this.#events.get(eventId);
    if (!event) throw new Refusal(404, 'No such event');
    this.emit(event, copies);
    return event;
  }

  events(): WebhookEvent[] {
    return [...this.#events.values()];
  }

  attempts(): WebhookAttempt[] {
    return this.#attempts;
  }

  retriesWaiting(): number {
    return this.#retries.size;
  }

  hurry(): void {
    for (const [timer, delivery] of [...this.#retries]) {
      clearTimeout(timer);
      this.#retries.delete(timer);
      this.#start(delivery);
    }
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const timer of this.#retries.keys()) clearTimeout(timer);
    this.#retries.clear();
    for (const release of this.#held) release();
    await this.idle();
  }

  #start(delivery: Delivery): void {
    if (this.#closing.signal.aborted) return;
    const running: Promise<void> = this.#deliver(delivery).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const fired = this.#options.faults.draw(`WEBHOOK ${delivery.event.type}`);
    const has = (kind: FaultState['kind']): FaultState | undefined => fired.find((fault) => fault.kind === kind);
    const drop = has('drop');
    if (drop?.when === 'before') return;
    const reorder = has('reorder');
    await this.#linger(has('delay'), reorder);
    const fail = has('fail');
    const answer = fail ? refused(fail) : await this.#queue.add(() => this.#send(delivery, has('malformed') !== undefined));
    if (has('duplicate')) await this.#queue.add(() => this.#send(delivery, false));
    this.#record(delivery, drop ? LOST : answer);
    for (const release of reorder ? [] : this.#held) release();
  }

  async #linger(delay: FaultState | undefined, reorder: FaultState | undefined): Promise<void> {
    if (delay) await this.#options.faults.wait(delay.ms ?? HOLD_MS);
    if (reorder) await this.#hold(reorder.ms ?? HOLD_MS);
  }

  /** Waits until another delivery has overtaken this one, `ms` at most. */
  async #hold(ms: number): Promise<void> {
    const overtaken = new Promise<void>((resolve) => {
      const release = (): void => {
        this.#held.delete(release);
        resolve();
      };
      this.#held.add(release);
    });
    await Promise.race([overtaken, this.#options.faults.wait(ms)]);
  }

  async #send({ event, target }: Delivery, malformed: boolean): Promise<Answer> {
    const whole = event.body(target);
    const body = malformed ? whole.slice(0, Math.floor(whole.length / 2)) : whole;
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#options.timeoutMs ?? SEND_TIMEOUT_MS)]);
    try {
      const response = await fetch(target.url, {
        method: target.method,
        body,
        headers: { 'content-type': 'application/json', ...target.headers },
        redirect: 'manual',
        signal,
      });
      const text = await response.text();
      return {
        code: response.status,
        message: null,
        headers: Object.fromEntries(response.headers),
        body: text.slice(0, RESPONSE_BODY_CHARACTERS),
      };
    } catch (error) {
      return { code: null, message: error instanceof Error ? error.message : String(error), headers: {}, body: null };
    }
  }

  #record(delivery: Delivery, answer: Answer): void {
    const success = answer.code !== null && answer.code >= 200 && answer.code < 300;
    this.#attempts.push({
      id: this.#options.random.uuid(),
      webhook_id: delivery.target.id,
      event_id: delivery.event.id,
      event_type: delivery.event.type,
      retry_number: delivery.retry,
      result: success ? 'success' : 'failed',
      message: answer.message,
      response_code: answer.code,
      response_headers: answer.headers,
      response_body: answer.body,
      created_at: this.#options.clock.now().toISOString(),
    });
    if (this.#attempts.length > KEPT) this.#attempts.shift();
    const waitMs = this.#options.retriesMs[delivery.retry];
    if (success || waitMs === undefined || this.#closing.signal.aborted) return;
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.#start({ ...delivery, retry: delivery.retry + 1 });
    }, waitMs);
    this.#retries.set(timer, { ...delivery, retry: delivery.retry + 1 });
  }
}

function keep<T>(map: Map<string, T>, id: string, value: T): void {
  map.set(id, value);
  if (map.size <= KEPT) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}

function refused({ status = 500 }: FaultState): Answer {
  return { code: status, message: 'fault: the target was not called', headers: {}, body: null };
}

const LOST: Answer = { code: null, message: 'fault: the answer was lost', headers: {}, body: null };
