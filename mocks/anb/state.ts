import { shiftedClock, type Clock } from '../control/clock.ts';
import { createFaults, type Faults } from '../control/faults.ts';
import { drawSeed, seededRandom, type Random } from '../control/random.ts';
import { createWebhooks, type Webhooks, type WebhookTargetOptions } from '../control/webhooks.ts';
import { Refusal } from '../control/refusal.ts';
import { Ledger } from './ledger.ts';
import { halalas } from './money.ts';

const MINUTE_MS = 60_000;
/** Four retries; the spacing is not published. */
const RETRIES_MS = [1, 5, 15, 30].map((minutes) => minutes * MINUTE_MS);
export const DEFAULT_ACCOUNT = '0108000000010016';

export interface FakeAnbOptions {
  port?: number | undefined;
  host?: string | undefined;
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  /** The first one is meant where a control call names none. Opening balances as decimal text. */
  accounts?: readonly { accountNumber: string; opening?: string | undefined }[] | undefined;
  webhooks?: readonly WebhookTargetOptions[] | undefined;
  webhookRetriesMs?: readonly number[] | undefined;
  webhookTimeoutMs?: number | undefined;
  seed?: number | undefined;
  /** Real time, shifted, when absent. */
  clock?: Clock | undefined;
  /** The bank's own maximum is 20. */
  pageSizeMax?: number | undefined;
  tokenTtlMs?: number | undefined;
  /** A token dies after this many calls, so that one can expire in the middle of paging. */
  tokenCalls?: number | undefined;
  /** The bank's day begins at its own midnight: Riyadh, three hours before UTC. */
  utcOffsetMinutes?: number | undefined;
  /** Newer recordings end a `uniqueId` with "C". */
  uniqueIdSuffix?: string | undefined;
}

export interface OutgoingPayment {
  id: string;
  sequenceNumber: string;
  status: string;
  amount: string;
  currency: string;
  channel: string;
  fee: string;
  refNum: string;
  reference: string;
}

export interface AnbState {
  readonly options: FakeAnbOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: Faults;
  readonly webhooks: Webhooks;
  readonly ledger: Ledger;
  readonly mainAccount: string;
  readonly tokens: Map<string, { expires: number; calls: number }>;
  readonly payments: Map<string, OutgoingPayment>;
  references: number;
  transfers: number;
}

export function createState(options: FakeAnbOptions): AnbState {
  const seed = options.seed ?? drawSeed();
  const random = seededRandom(seed);
  const clock = options.clock ?? shiftedClock();
  const faults = createFaults(seed);
  const webhooks = createWebhooks({
    targets: options.webhooks ?? [],
    retriesMs: options.webhookRetriesMs ?? RETRIES_MS,
    faults,
    random,
    clock,
    timeoutMs: options.webhookTimeoutMs,
  });
  const ledger = new Ledger(options.uniqueIdSuffix ?? '');
  const accounts = options.accounts ?? [{ accountNumber: DEFAULT_ACCOUNT }];
  for (const { accountNumber, opening } of accounts) ledger.open(accountNumber, amountOf(opening ?? '0'));
  const mainAccount = accounts[0]?.accountNumber ?? DEFAULT_ACCOUNT;
  return {
    options,
    clock,
    random,
    faults,
    webhooks,
    ledger,
    mainAccount,
    tokens: new Map(),
    payments: new Map(),
    references: 100_000,
    transfers: 10_000,
  };
}

export function amountOf(text: string): bigint {
  const amount = halalas(text);
  if (amount === undefined) throw new Refusal(400, `Not an amount with at most two decimals: ${text}`);
  return amount;
}

/** The bank's date and time of day. */
export function localTime({ clock, options }: AnbState): { date: string; time: string } {
  const local = new Date(clock.now().getTime() + (options.utcOffsetMinutes ?? 180) * MINUTE_MS).toISOString();
  return { date: local.slice(0, 10), time: local.slice(11, 19) };
}

export function nextReference(state: AnbState): string {
  state.references += 1;
  return `SDC${state.references}`;
}

/** The reference of an outgoing transfer, which a return names. */
export function nextTransfer(state: AnbState): string {
  state.transfers += 1;
  return `BT${state.transfers.toString().padStart(8, '0')}`;
}

/** The envelope `{type, payload}`: no signature, no secret, no id. */
export function notify(state: AnbState, type: string, payload: unknown): void {
  const body = JSON.stringify({ type, payload });
  state.webhooks.emit({ id: state.random.uuid(), type, createdAt: state.clock.now().toISOString(), data: payload, body: () => body });
}
