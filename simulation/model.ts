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
}

interface PaidTopUp {
  /** null: another amount was paid than was asked for, and no wallet gets it. */
  readonly wallet: string | null;
  readonly amount: bigint;
  settled: boolean;
}

export function createModel(): Model {
  return { wallets: new Map(), suspense: 0n, paidTopUps: new Map() };
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
  if (topUp.wallet !== null) walletOf(model, topUp.wallet).pending += topUp.amount;
}

/** The merchant gave it back before it was paid out. */
export function refunded(model: Model, payment: string): void {
  const one = model.paidTopUps.get(payment);
  if (one === undefined || one.settled || one.wallet === null) return;
  walletOf(model, one.wallet).pending -= one.amount;
  model.paidTopUps.delete(payment);
}

/** The bank shows the payout of a settlement that holds these payments. The platform bears the fee. */
export function paidOut(model: Model, payments: readonly string[]): void {
  for (const payment of payments) {
    const one = model.paidTopUps.get(payment);
    if (one === undefined || one.settled) continue;
    one.settled = true;
    if (one.wallet === null) {
      model.suspense += one.amount;
      continue;
    }
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
