/** A bank's statement for tests: lines in list order, pages with running balances, and the world of actors that reads them. */
import type { ExecutionContext } from 'ava';
import { signedAmount } from '../../statement-line.ts';
import type { Attribution, StatementLine } from '../../statement-line.ts';
import type { FetchStatement } from '../messages.ts';
import { breakKind } from '../../break/decide.ts';
import { statementDay } from '../../statement-day/decide.ts';
import { statementLines } from '../../statement-lines/decide.ts';
import { World } from '../../testing/run-messages.ts';
import { bankAccount } from '../decide.ts';

export const ACCOUNT = '0108000000010016';
export const AHMED = '123170000000017';
export const SARA = '123170000000025';

export const ATTRIBUTION: Attribution = {
  numberFrom: '123170000000000',
  numberTo: '123170000999999',
  ibanPrefix: '30100',
  locators: ['iban', 'narrative2', 'narrative1', 'narrative3', 'joined'],
  providers: [{ provider: 'moyasar', patterns: ['MOYASAR'] }],
  platformIbans: ['SA65 3040 0108 0710 5917 0014'],
  chargeCodes: ['CHG01'],
  returnCodes: ['SJBB6'],
};

export const CONFIG = {
  currency: 'SAR',
  from: '2026-11-20',
  pullEveryMs: 30_000,
  pageSize: 3,
  buckets: 4,
  lookbackDays: 1,
  attribution: ATTRIBUTION,
};

/** A credit of 100.00 for Ahmed unless said otherwise; without a balance. */
export function lineOf(over: Partial<StatementLine> & { readonly reference: string }): StatementLine {
  return {
    postDate: '2026-11-20',
    valueDate: over.postDate ?? '2026-11-20',
    postingTime: '10:00:00',
    serial: '2',
    mark: 'C',
    amount: 10_000n,
    currency: 'SAR',
    balance: null,
    narratives: ['AHMED TEST SENDER', AHMED, '20261120SANCBKNCBK1B00000000000001'],
    iban: null,
    party: 'AHMED TEST SENDER',
    code: '17IPS',
    ...over,
  };
}

/** Pages as the bank gives them: by post date, in list order, with an opaque cursor. A hidden line counts but is not listed. */
export class Statement {
  lines: StatementLine[];
  readonly hidden = new Set<string>();
  today = '2026-11-20';
  opening: bigint;

  constructor(lines: readonly StatementLine[] = [], opening = 0n) {
    this.lines = [...lines];
    this.opening = opening;
  }

  add(...lines: readonly StatementLine[]): this {
    this.lines.push(...lines);
    return this;
  }

  get closing(): bigint {
    return this.lines.reduce((sum, line) => sum + signedAmount(line), this.opening);
  }

  page({ from, offset, pageSize }: Pick<FetchStatement, 'from' | 'offset' | 'pageSize'>) {
    const all = this.#balanced();
    const at =
      offset === null
        ? all.findIndex(({ postDate }) => postDate >= from)
        : all.findIndex(({ reference }) => `after ${reference}` === offset) + 1;
    const start = at < 0 ? all.length : at;
    const rest = all.slice(start).filter(({ reference }) => !this.hidden.has(reference));
    const lines = rest.slice(0, pageSize);
    const opening = all[start - 1]?.balance ?? this.opening;
    const last = lines.at(-1);
    const next = last !== undefined && rest.length > lines.length ? `after ${last.reference}` : null;
    return { today: this.today, opening, closing: last?.balance ?? opening, next, lines };
  }

  #balanced() {
    let balance = this.opening;
    const sorted = this.lines.toSorted((a, b) => (a.postDate < b.postDate ? -1 : a.postDate > b.postDate ? 1 : 0));
    return sorted.map((line) => ({ ...line, balance: (balance += signedAmount(line)) }));
  }
}

const REQUESTS_MAX = 500;

/** The four actors of the bank side, and a statement that answers their requests. */
export class BankSide {
  readonly world = new World([bankAccount, statementDay, statementLines, breakKind]);
  readonly statement: Statement;
  asked = 0;

  constructor(statement: Statement, config: Partial<typeof CONFIG> = {}) {
    this.statement = statement;
    this.tell('OpenBankAccount', { ...CONFIG, ...config });
  }

  tell(type: string, body: unknown): this {
    this.world.tell({ to: `bank-account:${ACCOUNT}`, type, body });
    return this;
  }

  pull(date: string | null = null): this {
    return this.tell('PullStatement', { why: 'test', date }).answerAll();
  }

  /** The request under way, or undefined. */
  get request(): { readonly id: string; readonly body: FetchStatement } | undefined {
    const effect = this.state.pass?.effect ?? null;
    const record = this.world.effects.findLast(({ id }) => id === effect);
    return record === undefined ? undefined : { id: record.id, body: JSON.parse(record.body) as FetchStatement };
  }

  /** Answers one request; false when none is under way. */
  answer(change: Record<string, unknown> = {}): boolean {
    const { request } = this;
    if (request === undefined) return false;
    this.asked += 1;
    if (this.asked > REQUESTS_MAX) throw new Error('the pulls never come to rest');
    this.tell('StatementPageFetched', { effect: request.id, ...this.statement.page(request.body), ...change });
    return true;
  }

  answerAll(): this {
    while (this.answer());
    return this;
  }

  fail(): this {
    return this.tell('EffectExhausted', { effect: this.request?.id ?? '', type: 'anb.fetch_statement', code: 'bank_down', message: '500' });
  }

  get state() {
    return this.world.state(bankAccount, ACCOUNT);
  }

  break(id: string) {
    return this.world.state(breakKind, id);
  }

  /** Messages sent to actors outside of the bank side, `<type> <id>`. */
  get posted(): string[] {
    return this.world.outside.map(({ type, id }) => `${type} ${id}`);
  }
}

/** `count` lines of 1.00 each on a day, `<prefix>1` to `<prefix><count>`. */
export function linesOn(postDate: string, prefix: string, count: number) {
  return Array.from({ length: count }, (_, n) => lineOf({ reference: `${prefix}${n + 1}`, postDate, amount: 100n }));
}

/** Everything that the bank told was posted once, and the books equal the bank. */
export function isWhole(t: ExecutionContext, side: BankSide): void {
  const posted = side.posted.filter((one) => one.startsWith('Credit '));
  t.is(new Set(posted).size, posted.length, 'no line was posted twice');
  t.is(side.world.total('bank'), side.statement.closing);
  t.deepEqual(
    bankAccount.figures?.(side.state),
    side.statement.closing === 0n ? [] : [{ account: 'bank', currency: 'SAR', amount: side.statement.closing }],
  );
  t.is(side.state.pass, null);
}
