// The load client's own tally: what it asked the bank for, never what anybody answered.

export interface LoadWallet {
  readonly owner: string;
  readonly id: string;
  /** Halalas of each of its deposits: a figure of its own, so that a deposit in the wrong wallet shows. */
  readonly each: bigint;
  readonly deposits: number;
}

export interface Verdict {
  /** Deposits, not wallets. */
  readonly lost: number;
  readonly doubled: number;
}

/** Wallets get from 1.25 to 500.25 a deposit. */
const AMOUNTS = 500;
const HALALAS = 100;

export function eachOf(index: number): bigint {
  return BigInt((1 + (index % AMOUNTS)) * HALALAS + HALALAS / 4);
}

/** The deposits of the wallet at `index`: as many for each, the first ones get what is left over. */
export function depositsOf(index: number, { wallets, deposits }: { readonly wallets: number; readonly deposits: number }): number {
  return Math.floor(deposits / wallets) + (index < deposits % wallets ? 1 : 0);
}

export function expectedOf({ each, deposits }: LoadWallet): bigint {
  return each * BigInt(deposits);
}

/** A difference that is no multiple of the deposit counts as one more. */
export function judge(wallets: readonly (readonly [LoadWallet, bigint])[]): Verdict {
  let [lost, doubled] = [0, 0];
  for (const [wallet, available] of wallets) {
    const over = available - expectedOf(wallet);
    if (over < 0n) lost += up(-over, wallet.each);
    else doubled += up(over, wallet.each);
  }
  return { lost, doubled };
}

function up(amount: bigint, each: bigint): number {
  return Number((amount + each - 1n) / each);
}

/** The deposits in rounds of a few per wallet, so that a wallet's lines are spread over the statement as in life. */
export function rounds(wallets: readonly LoadWallet[], perRound: number): { readonly wallet: LoadWallet; readonly count: number }[] {
  const most = wallets.reduce((max, { deposits }) => Math.max(max, deposits), 0);
  const all = [];
  for (let made = 0; made < most; made += perRound) {
    for (const wallet of wallets) {
      const count = Math.min(perRound, wallet.deposits - made);
      if (count > 0) all.push({ wallet, count });
    }
  }
  return all;
}
