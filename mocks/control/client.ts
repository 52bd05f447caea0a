// Typed calls of the fakes' control APIs, for tests, demos and load clients.
import type { z } from 'zod';
import type {
  BankDay,
  BankRow,
  Tally,
  bulkBody,
  changeBody,
  debitBody,
  openingBody,
  payoutBody,
  returnBody,
  reversalBody,
  rowBody,
  transferBody,
  twoLegsBody,
} from '../anb/control.ts';
import type { BulkResult } from '../anb/bulk.ts';
import type { Settled, chargebackBody, payBody, settleBody, stateBody } from '../moyasar/control.ts';
import type { Invoice, Payment } from '../moyasar/wire.ts';
import type { FaultRule, FaultState } from './faults.ts';
import type { WebhookListing } from './routes.ts';
import type { WebhookTargetOptions } from './webhooks.ts';

/** What both fakes can be told. */
export interface FakeControl {
  /** ISO text; null returns to real time. */
  clock: (at: string | null) => Promise<{ now: string }>;
  faults: (rule: FaultRule) => Promise<FaultState>;
  faultList: () => Promise<FaultState[]>;
  /** Without an id: all. */
  clearFaults: (id?: string) => Promise<number>;
  webhooks: () => Promise<WebhookListing>;
  addWebhook: (target: WebhookTargetOptions) => Promise<void>;
  removeWebhooks: () => Promise<void>;
  resendEvent: (eventId: string, copies?: number) => Promise<void>;
  /** Makes every waiting retry happen now. */
  hurryWebhooks: () => Promise<void>;
  /** Resolves when nothing is being sent. */
  flushWebhooks: () => Promise<void>;
}

export interface Telling {
  /** False: the merchant is not told. */
  webhook?: boolean;
  copies?: number;
}

export interface FakeMoyasarControl extends FakeControl {
  invoices: () => Promise<Invoice[]>;
  invoice: (id: string) => Promise<Invoice>;
  pay: (invoiceId: string, options?: z.input<typeof payBody>) => Promise<Payment>;
  decline: (invoiceId: string, options?: Telling) => Promise<Payment>;
  expire: (invoiceId: string) => Promise<Invoice>;
  cancel: (invoiceId: string) => Promise<Invoice>;
  payments: () => Promise<(Payment & { settledIn: string | null })[]>;
  refund: (paymentId: string, options?: Telling & { amount?: number }) => Promise<Payment>;
  void: (paymentId: string, options?: Telling) => Promise<Payment>;
  capture: (paymentId: string, options?: Telling & { amount?: number }) => Promise<Payment>;
  chargeback: (paymentId: string, options?: z.input<typeof chargebackBody>) => Promise<Payment>;
  /** Forces a status and tells of it. */
  state: (paymentId: string, change: z.input<typeof stateBody>) => Promise<Payment>;
  /** Sends the last event of a payment again, or the last of a type. */
  resend: (paymentId: string, options?: { type?: string; copies?: number }) => Promise<void>;
  settle: (options?: z.input<typeof settleBody>) => Promise<Settled>;
  settlements: () => Promise<Settled[]>;
  /** A new `balance_transferred` event. */
  announce: (settlementId: string, copies?: number) => Promise<{ eventId: string }>;
  /** The same `balance_transferred` event again. */
  resendSettlement: (settlementId: string, copies?: number) => Promise<void>;
}

export interface FakeAnbControl extends FakeControl {
  transfer: (options: z.input<typeof transferBody>) => Promise<BankRow>;
  bulk: (options: z.input<typeof bulkBody>) => Promise<BulkResult>;
  payout: (options: z.input<typeof payoutBody>) => Promise<BankRow>;
  row: (options: z.input<typeof rowBody>) => Promise<BankRow>;
  debit: (options: z.input<typeof debitBody>) => Promise<BankRow>;
  returned: (options: z.input<typeof returnBody>) => Promise<BankRow>;
  reverse: (options: z.input<typeof reversalBody>) => Promise<BankRow>;
  twoLegs: (options: z.input<typeof twoLegsBody>) => Promise<{ debit: BankRow; credit: BankRow }>;
  rows: (of?: { account?: string; postDate?: string }) => Promise<BankRow[]>;
  hide: (refNum: string, of?: { srl?: string; account?: string }) => Promise<BankRow>;
  reveal: (refNum: string, of?: { srl?: string; account?: string }) => Promise<BankRow>;
  change: (refNum: string, change: z.input<typeof changeBody>) => Promise<BankRow>;
  /** The row is posted on another day, at its end. */
  move: (refNum: string, postDate: string) => Promise<BankRow>;
  opening: (options: z.input<typeof openingBody>) => Promise<void>;
  days: (account?: string) => Promise<BankDay[]>;
  /** Decimal text. */
  balance: (account?: string) => Promise<string>;
  tally: (account?: string) => Promise<Tally>;
  expireTokens: () => Promise<void>;
  /** Any event of the bank. */
  send: (type: string, payload: unknown) => Promise<void>;
}

/** A control call that the fake refused. */
export class ControlError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ControlError';
    this.status = status;
  }
}

interface Caller {
  get: <T>(path: string) => Promise<T>;
  post: <T>(path: string, body?: unknown) => Promise<T>;
  remove: <T>(path: string) => Promise<T>;
}

function caller(url: string): Caller {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const init = body === undefined ? { method } : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${url}/control${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new ControlError(response.status, text);
    // The fake and this client are one program's two halves and share the types of their answers.
    return JSON.parse(text) as T;
  };
  return { get: (path) => call('GET', path), post: (path, body) => call('POST', path, body ?? {}), remove: (path) => call('DELETE', path) };
}

function common({ get, post, remove }: Caller): FakeControl {
  return {
    clock: (at) => post('/clock', { at }),
    faults: (rule) => post('/faults', rule),
    faultList: async () => (await get<{ faults: FaultState[] }>('/faults')).faults,
    clearFaults: async (id) => (await remove<{ removed: number }>(id === undefined ? '/faults' : `/faults/${id}`)).removed,
    webhooks: () => get('/webhooks'),
    addWebhook: (target) => post('/webhooks/targets', target),
    removeWebhooks: () => remove('/webhooks/targets'),
    resendEvent: (id, copies) => post(`/webhooks/events/${id}/resend`, { copies }),
    hurryWebhooks: () => post('/webhooks/hurry'),
    flushWebhooks: () => post('/webhooks/flush'),
  };
}

/** Plays the customer and the provider at a fake Moyasar. */
export function fakeMoyasarControl(url: string): FakeMoyasarControl {
  const calls = caller(url);
  const { get, post } = calls;
  return {
    ...common(calls),
    invoices: async () => (await get<{ invoices: Invoice[] }>('/invoices')).invoices,
    invoice: (id) => get(`/invoices/${id}`),
    pay: (id, options) => post(`/invoices/${id}/pay`, options),
    decline: (id, options) => post(`/invoices/${id}/decline`, options),
    expire: (id) => post(`/invoices/${id}/expire`),
    cancel: (id) => post(`/invoices/${id}/cancel`),
    payments: async () => (await get<{ payments: (Payment & { settledIn: string | null })[] }>('/payments')).payments,
    refund: (id, options) => post(`/payments/${id}/refund`, options),
    void: (id, options) => post(`/payments/${id}/void`, options),
    capture: (id, options) => post(`/payments/${id}/capture`, options),
    chargeback: (id, options) => post(`/payments/${id}/chargeback`, options),
    state: (id, change) => post(`/payments/${id}/state`, change),
    resend: (id, options) => post(`/payments/${id}/resend`, options),
    settle: (options) => post('/settlements', options),
    settlements: async () => (await get<{ settlements: Settled[] }>('/settlements')).settlements,
    announce: (id, copies) => post(`/settlements/${id}/announce`, { copies }),
    resendSettlement: (id, copies) => post(`/settlements/${id}/resend`, { copies }),
  };
}

/** Moves money at a fake bank. */
export function fakeAnbControl(url: string): FakeAnbControl {
  const calls = caller(url);
  const { get, post } = calls;
  return {
    ...common(calls),
    transfer: (options) => post('/transfers', options),
    bulk: (options) => post('/transfers/bulk', options),
    payout: (options) => post('/payouts', options),
    row: (options) => post('/rows', options),
    debit: (options) => post('/debits', options),
    returned: (options) => post('/returns', options),
    reverse: (options) => post('/reversals', options),
    twoLegs: (options) => post('/two-legs', options),
    rows: async (of = {}) => (await get<{ rows: BankRow[] }>(`/rows${query(of)}`)).rows,
    hide: (refNum, of = {}) => post(`/rows/${refNum}/hide${query(of)}`),
    reveal: (refNum, of = {}) => post(`/rows/${refNum}/reveal${query(of)}`),
    change: (refNum, change) => post(`/rows/${refNum}/change`, change),
    move: (refNum, postDate) => post(`/rows/${refNum}/change`, { postDate }),
    opening: (options) => post('/opening', options),
    days: async (account) => (await get<{ days: BankDay[] }>(`/days${query({ account })}`)).days,
    balance: async (account) => (await get<{ balance: string }>(`/balance${query({ account })}`)).balance,
    tally: async (account) => (await get<{ tally: Tally }>(`/tally${query({ account })}`)).tally,
    expireTokens: () => post('/tokens/expire'),
    send: (type, payload) => post('/webhooks/send', { type, payload }),
  };
}

function query(of: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(of).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
