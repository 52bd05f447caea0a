/** A page that came: its proven lines go to their days, a flaw becomes a break, and the pass goes on, steps back or ends. */
import { accept, send } from '../../engine/actor.ts';
import type { Accepted, Entry, MessagesOf, Row, Send } from '../../engine/actor.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import { move } from '../postings.ts';
import { withGroup, withoutVanished } from './days.ts';
import type { bankAccountMessages } from './messages.ts';
import { prove } from './proof.ts';
import type { Group, Proof } from './proof.ts';
import { passedOn, seenOf } from './passing.ts';
import { beginning, dueLookback, followed, requested, steppedBack } from './pull.ts';
import type { OpenAccount } from './pull.ts';
import type { BankAccount, Day, Flaw, Pass } from './state.ts';

type PageFetched = Entry<Extract<MessagesOf<typeof bankAccountMessages>, { type: 'StatementPageFetched' }>>;

/** A page and what was proven of it. */
interface Reading {
  readonly page: PageFetched['body'];
  readonly pass: Pass;
  readonly proof: Proof;
}

export function pageFetched(before: OpenAccount, pass: Pass, { body: page, at }: PageFetched): Accepted<BankAccount> {
  const state: OpenAccount = { ...before, today: page.today, lastPageAt: at, lastError: null };
  const proof = prove(page, pass.at.balance, state.config.currency);
  const recovered = before.lastError === null ? [] : [closing('effect_exhausted', `${state.account}/statement`, 'the bank answered')];
  const back = proof.misplaced ? steppedBack(state, pass) : null;
  if (back !== null) return accept(back, { sends: recovered });
  const begun = withFirst(state, { page, pass, proof });
  const applied = withGroups(begun.state, pass, proof.groups);
  const ended = concluded(applied, { page, pass, proof });
  const lines = proof.groups.flatMap((group) => passedOn(state, pass, group));
  return accept(ended.state, { rows: begun.rows, sends: [...recovered, ...begun.sends, ...lines, ...ended.sends] });
}

// ---- the first day -------------------------------------------------------------------------------------------------------------------

interface Step {
  readonly state: OpenAccount;
  readonly rows: readonly Row[];
  readonly sends: readonly Send[];
}

/** The books begin with what the bank keeps before the first line; nobody can be named for it. */
function withFirst(state: OpenAccount, { page, pass, proof }: Reading): Step {
  const isProven = proof.groups.length > 0 || (proof.flaw === null && page.opening !== 0n);
  if (state.first !== null || !isProven) return { state, rows: [], sends: [] };
  const { opening } = page;
  const first = { date: pass.at.from, opening };
  const rows = move(state.config.currency, opening, { debit: 'bank', credit: 'in-transit' });
  return { state: { ...state, first }, rows, sends: opening === 0n ? [] : [openingBreak(state, opening, first.date)] };
}

/** An overdrawn account opens with a debit: the company owes the pool. */
function openingBreak({ account, config }: OpenAccount, opening: bigint, date: string): Send {
  const subject = `${account}/opening`;
  const isCredit = opening > 0n;
  const reason = isCredit ? 'unattributed_credit' : 'unexpected_debit';
  return send(breakMessages, breakActor(reason, subject), {
    type: 'OpenBreak',
    id: `${subject}/break`,
    body: {
      reason,
      subject,
      severity: 'medium',
      money: isCredit ? 'credit' : 'debit',
      amount: isCredit ? opening : -opening,
      currency: config.currency,
      evidence: { account, date, opening: opening.toString() },
    },
  });
}

// ---- lines ---------------------------------------------------------------------------------------------------------------------------

function withGroups(state: OpenAccount, pass: Pass, groups: readonly Group[]): OpenAccount {
  return groups.reduce((sum, group) => withProven(withGroup(sum, group, pass), group), state);
}

/** The proven closing follows the newest line; a day that is read again moves it only when the pass has ended. */
function withProven(state: OpenAccount, { date, closing: balance }: Group): OpenAccount {
  const { proven } = state;
  const lines = state.days.find((day) => day.date === date)?.lines ?? 0;
  const isBehind = proven !== null && (date < proven.date || (date === proven.date && lines < proven.lines));
  return isBehind ? state : { ...state, proven: { date, lines, closing: balance } };
}

// ---- what follows the page -----------------------------------------------------------------------------------------------------------

interface Ended {
  readonly state: OpenAccount;
  readonly sends: readonly Send[];
}

function concluded(state: OpenAccount, { page, pass, proof }: Reading): Ended {
  if (proof.flaw !== null) return flawed(state, proof.flaw);
  if (page.next === null || page.lines.length === 0)
    return completed({ ...state, seen: seenOf(proof.groups) }, { ...pass, at: { ...pass.at, balance: page.opening } }, proof.balance);
  const last = page.lines.at(-1)?.postDate;
  const day: Day | null = state.days.find(({ date }) => date === last) ?? null;
  const at = { from: pass.at.from, offset: page.next, balance: proof.balance, day };
  return { state: requested(state, { ...pass, at, failures: 0 }), sends: [] };
}

/** The chain is whole up to the newest line. */
function completed(state: OpenAccount, pass: Pass, balance: bigint): Ended {
  const days = pass.whole ? withoutVanished(state.days, pass.at.from, pass.n) : state.days;
  const last = days.at(-1);
  const proven = last === undefined ? null : { date: last.date, lines: last.lines, closing: balance };
  const sends = state.flaw === null ? [] : [healed(state, state.flaw)];
  const back = dueLookback(state);
  const reachesBack = pass.whole && back !== null && (pass.at.from <= back || pass.at.from === beginning(state));
  const lookedBack = reachesBack ? state.today : state.lookedBack;
  return { state: followed({ ...state, days, proven, cursor: pass.at, pass: null, flaw: null, lookedBack }), sends };
}

/** Nothing behind the flaw is applied; the next pull reads its day again from the start. */
function flawed(state: OpenAccount, flaw: Flaw): Ended {
  const { account, config } = state;
  const next = followed({ ...state, pass: null, flaw });
  if (state.flaw !== null && isSameFlaw(state.flaw, flaw)) return { state: next, sends: [] };
  const before = state.flaw === null || subjectOf(account, state.flaw) === subjectOf(account, flaw) ? [] : [healed(state, state.flaw)];
  const difference = flaw.found - flaw.expected;
  const opened = send(breakMessages, breakActor(flaw.reason, `${account}/${flaw.date}`), {
    type: 'OpenBreak',
    body: {
      reason: flaw.reason,
      subject: `${account}/${flaw.date}`,
      severity: 'high',
      money: 'none',
      amount: difference < 0n ? -difference : difference,
      currency: config.currency,
      evidence: { date: flaw.date, expected: flaw.expected.toString(), found: flaw.found.toString() },
    },
  });
  return { state: next, sends: [...before, opened] };
}

function isSameFlaw(one: Flaw, other: Flaw): boolean {
  return one.reason === other.reason && one.date === other.date && one.expected === other.expected && one.found === other.found;
}

function subjectOf(account: string, { reason, date }: Flaw): string {
  return `${reason}:${account}/${date}`;
}

function healed({ account }: OpenAccount, { reason, date }: Flaw): Send {
  return closing(reason, `${account}/${date}`, 'the chain of balances is whole again');
}

function closing(reason: Flaw['reason'] | 'effect_exhausted', subject: string, because: string): Send {
  return send(breakMessages, breakActor(reason, subject), { type: 'CloseBreak', body: { because } });
}
