/** What must come out, from what customers, bank and provider did. Knows nothing of the engine; amounts in minor units. */
export interface ExpectedWallet {
  available: bigint;
  pending: bigint;
}

export interface Model {
  /** By wallet number. */
  readonly wallets: Map<string, ExpectedWallet>;
  /** Money that nobody can be named for. */
  suspense: bigint;
  /** By the provider's payment id. */
  readonly paidTopUps: Map<string, PaidTopUp>;
  /** Spans of time of which a server lost all it was told, in milliseconds of the history. */
  readonly lostSpans: { readonly fromMs: number; readonly toMs: number }[];
}

interface PaidTopUp {
  readonly wallet: string;
  readonly amount: bigint;
  /** When the invoice was made that was paid. */
  readonly invoicedMs: number;
  settled: boolean;
}

export function createModel(): Model {
  return { wallets: new Map(), suspense: 0n, paidTopUps: new Map(), lostSpans: [] };
}

function walletOf(model: Model, number: string): ExpectedWallet {
  const known = model.wallets.get(number) ?? { available: 0n, pending: 0n };
  model.wallets.set(number, known);
  return known;
}

export function opened(model: Model, number: string): void {
  walletOf(model, number);
}

/** The bank shows a transfer; a number that nobody was given is nobody's. */
export function transferred(model: Model, number: string | null, amount: bigint): void {
  if (number === null) model.suspense += amount;
  else walletOf(model, number).available += amount;
}

/** The customer paid by card. */
export function paid(model: Model, payment: string, topUp: Omit<PaidTopUp, 'settled'>): void {
  if (model.paidTopUps.has(payment)) throw new Error(`${payment} was paid twice`);
  model.paidTopUps.set(payment, { ...topUp, settled: false });
  walletOf(model, topUp.wallet).pending += topUp.amount;
}

/** The merchant gave it back before it was paid out. */
export function refunded(model: Model, payment: string): void {
  const one = model.paidTopUps.get(payment);
  if (one === undefined || one.settled) return;
  walletOf(model, one.wallet).pending -= one.amount;
  model.paidTopUps.delete(payment);
}

/** The bank shows the payout of a settlement that holds these payments. The platform bears the fee. */
export function paidOut(model: Model, payments: readonly string[]): void {
  for (const payment of payments) {
    const one = model.paidTopUps.get(payment);
    if (one === undefined || one.settled) continue;
    one.settled = true;
    const wallet = walletOf(model, one.wallet);
    wallet.pending -= one.amount;
    wallet.available += one.amount;
  }
}

/** A debit that was answered 2xx. */
export function debited(model: Model, number: string, amount: bigint): void {
  walletOf(model, number).available -= amount;
}

/** A payout that the receiving bank sent back: a person says what becomes of it. */
export function cameBack(model: Model, amount: bigint): void {
  model.suspense += amount;
}

/** The provider has made an invoice, and its answer is on its way. */
const ANSWER_MS = 1_000;

/**
 * Whether a wallet has what it must have. An invoice that we were told of in a lost span is forgotten, and another is made in its place: who paid
 * the first one has money in a break, not in the wallet.
 */
export function isRight(model: Model, number: string, found: ExpectedWallet): boolean {
  const expected = walletOf(model, number);
  const isForgotten = ({ wallet, invoicedMs }: PaidTopUp): boolean =>
    wallet === number && model.lostSpans.some(({ fromMs, toMs }) => invoicedMs >= fromMs - ANSWER_MS && invoicedMs <= toMs);
  const forgotten = [...model.paidTopUps.values()].filter(isForgotten);
  const missing = { available: expected.available - found.available, pending: expected.pending - found.pending };
  return isSumOfSome(missing, forgotten);
}

function isSumOfSome(missing: ExpectedWallet, topUps: readonly PaidTopUp[]): boolean {
  if (missing.available === 0n && missing.pending === 0n) return true;
  return topUps.some(({ amount, settled }, index) => {
    const { available, pending } = missing;
    const less = settled ? { available: available - amount, pending } : { available, pending: pending - amount };
    return isSumOfSome(less, topUps.slice(index + 1));
  });
}
