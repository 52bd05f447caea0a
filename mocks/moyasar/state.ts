import { drawSeed, seededRandom, type Random } from '../control/random.ts';
import { shiftedClock, type Clock } from '../control/clock.ts';
import { createFaults, type Faults } from '../control/faults.ts';
import { Refusal } from '../control/refusal.ts';
import { createWebhooks, type Webhooks, type WebhookTargetOptions } from '../control/webhooks.ts';
import { DEFAULT_FEES, type Fees } from './fees.ts';
import type { Invoice, Payment, Settlement, SettlementLine } from './wire.ts';

/** Minutes are the provider's; tests set milliseconds. */
const MINUTE_MS = 60_000;
const RETRIES_MS = [1, 5, 15, 30, 60].map((minutes) => minutes * MINUTE_MS);

export interface FakeMoyasarOptions {
  port?: number | undefined;
  host?: string | undefined;
  /** The address that clients and browsers reach us by, where it is not the one we listen on (containers). */
  publicUrl?: string | undefined;
  /** `sk_...`: may do everything. The prefix decides test or live. */
  secretKeys?: readonly string[] | undefined;
  /** `pk_...`: may only create payments. */
  publishableKeys?: readonly string[] | undefined;
  webhooks?: readonly WebhookTargetOptions[] | undefined;
  /** Waits between the attempts of a webhook; their count is the number of retries. */
  webhookRetriesMs?: readonly number[] | undefined;
  webhookTimeoutMs?: number | undefined;
  seed?: number | undefined;
  /** Real time, shifted, when absent. */
  clock?: Clock | undefined;
  pageSize?: number | undefined;
  linesPageSize?: number | undefined;
  fees?: Partial<Fees> | undefined;
  /** Of one payout to the bank, VAT included, and the VAT in it. */
  transferFee?: number | undefined;
  transferFeeTax?: number | undefined;
  /** The sign of a refund row's `payment_amount`. */
  refundSign?: 'positive' | 'negative' | undefined;
  accountName?: string | undefined;
  /** Spells the event of a failed payment as the provider's table does: `payment_faild`. */
  misspellFailed?: boolean | undefined;
}

export interface PaymentRecord {
  payment: Payment;
  live: boolean;
  /** The settlement that holds its payment row. */
  settledIn: string | null;
  /** Rows that wait for the next settlement. */
  due: SettlementLine[];
}

export interface InvoiceRecord {
  invoice: Invoice;
  live: boolean;
}

export interface SettlementRecord {
  settlement: Settlement;
  lines: SettlementLine[];
  live: boolean;
}

export interface MoyasarState {
  readonly url: () => string;
  readonly options: FakeMoyasarOptions;
  readonly fees: Fees;
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: Faults;
  readonly webhooks: Webhooks;
  readonly payments: Map<string, PaymentRecord>;
  readonly invoices: Map<string, InvoiceRecord>;
  readonly settlements: Map<string, SettlementRecord>;
  /** Payments whose customer is at the 3DS page. */
  readonly awaiting: Map<string, { number: string; manual: boolean }>;
  readonly recipientId: string;
}

export function createState(options: FakeMoyasarOptions, url: () => string): MoyasarState {
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
  const fees = { ...DEFAULT_FEES, ...options.fees };
  return {
    url,
    options,
    fees,
    clock,
    random,
    faults,
    webhooks,
    payments: new Map(),
    invoices: new Map(),
    settlements: new Map(),
    awaiting: new Map(),
    recipientId: random.uuid(),
  };
}

export function timestamp(state: MoyasarState): string {
  return state.clock.now().toISOString();
}

/** A test id is unknown under a live key and the other way round; null looks in both. */
export function find<T extends { live: boolean }>(records: ReadonlyMap<string, T>, id: string, live: boolean | null): T {
  const record = records.get(id);
  if (!record || (live !== null && record.live !== live)) throw new Refusal(404, 'Object not found');
  return record;
}

/** Tells the merchant. The body of an event is fixed now: later changes of the object do not show in it. */
export function emit(state: MoyasarState, event: { type: string; data: unknown; live: boolean }, copies = 1): string {
  const id = state.random.uuid();
  const seconds = timestamp(state).slice(0, 19);
  const createdAt = event.type === 'balance_transferred' ? `${seconds}+00:00` : `${seconds}Z`;
  const data: unknown = structuredClone(event.data);
  const accountName = state.options.accountName ?? 'Test Merchant';
  state.webhooks.emit(
    {
      id,
      type: event.type,
      createdAt,
      data,
      body: ({ secret }) =>
        JSON.stringify({
          id,
          type: event.type,
          created_at: createdAt,
          secret_token: secret,
          account_name: accountName,
          live: event.live,
          data,
        }),
    },
    copies,
  );
  return id;
}
