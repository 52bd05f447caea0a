/** The rules of the bank account: when the statement is pulled, what of a page is applied, and which breaks that opens and closes. */
import { accept, defineKind, refuse, send } from '../../engine/actor.ts';
import type { Accepted, Decision, Effect, Entry, MessagesOf, Row, Send, Timer } from '../../engine/actor.ts';
import { toCanonicalJson } from '../../engine/message.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import { foreignSums } from './days.ts';
import { bankAccountMessages } from './messages.ts';
import { pageFetched } from './page.ts';
import { fetchOf, started } from './pull.ts';
import type { OpenAccount } from './pull.ts';
import { bankAccountState, initialBankAccount } from './state.ts';
import type { BankAccount, BankAccountRefusal, Pass } from './state.ts';

type Message = MessagesOf<typeof bankAccountMessages>;
type Of<T extends Message['type']> = Entry<Extract<Message, { type: T }>>;

const PULL = 'pull';

function decide(state: BankAccount, entry: Entry<Message>): Decision<BankAccount, BankAccountRefusal> {
  if (entry.type === 'OpenBankAccount') return open(state, entry);
  const { config } = state;
  if (config === null) return refuse('bank_account_not_open');
  switch (entry.type) {
    case 'PullStatement':
      return pull({ ...state, config }, entry);
    case 'TimerDue':
      return tick({ ...state, config }, entry);
    case 'StatementPageFetched':
    case 'EffectExhausted':
      return answered({ ...state, config }, entry);
  }
}

/** An answer to a request that is no longer the one under way changes nothing. */
function answered(state: OpenAccount, entry: Of<'StatementPageFetched' | 'EffectExhausted'>): Accepted<BankAccount> {
  const { pass } = state;
  if (pass?.effect !== entry.body.effect) return accept(state);
  return entry.type === 'EffectExhausted' ? exhausted(state, pass, entry) : pageFetched(state, pass, entry);
}

function open(state: BankAccount, { body, at }: Of<'OpenBankAccount'>): Decision<BankAccount, BankAccountRefusal> {
  const answer = { account: state.account, currency: body.currency, from: body.from };
  const config = { ...body, buckets: state.config?.buckets ?? body.buckets };
  if (state.config !== null && toCanonicalJson(state.config) === toCanonicalJson(config)) return accept(state, { answer });
  if (state.first !== null && state.config?.currency !== body.currency) return refuse('currency_is_fixed', state.config?.currency);
  const next: OpenAccount = { ...state, config, nextPullAt: at + body.pullEveryMs };
  return accept(isPulling(next) ? next : started(next, null), { answer });
}

/** One pull at a time; one more is remembered. */
function pull(state: OpenAccount, { body }: Of<'PullStatement'>): Accepted<BankAccount> {
  const { account, again } = state;
  if (!isPulling(state)) return accept(started(state, body.date), { answer: { account, pull: 'started' } });
  const date = again?.date ?? body.date;
  const earlier = body.date !== null && date !== null && body.date < date ? body.date : date;
  return accept({ ...state, again: { date: earlier } }, { answer: { account, pull: 'remembered' } });
}

function tick(state: OpenAccount, { at }: Of<'TimerDue'>): Accepted<BankAccount> {
  const next: OpenAccount = { ...state, nextPullAt: at + state.config.pullEveryMs };
  return accept(isPulling(next) ? next : started(next, null));
}

function isPulling({ pass }: BankAccount): boolean {
  return pass !== null && pass.effect !== null;
}

/** The request failed for good: the pass stays where it is, and the next pull asks for the same page again (B3). */
function exhausted(state: OpenAccount, pass: Pass, { body }: Of<'EffectExhausted'>): Accepted<BankAccount> {
  const kept = { ...pass, effect: null, failures: pass.failures + 1 };
  const sends = state.lastError === null ? [unreachable(state.account, body)] : [];
  return accept({ ...state, pass: kept, lastError: `${body.code}: ${body.message}` }, { sends });
}

function unreachable(account: string, { code, message, effect }: Of<'EffectExhausted'>['body']): Send {
  const subject = `${account}/statement`;
  return send(breakMessages, breakActor('effect_exhausted', subject), {
    type: 'OpenBreak',
    body: {
      reason: 'effect_exhausted',
      subject,
      severity: 'medium',
      money: 'none',
      amount: 0n,
      currency: null,
      evidence: { code, message, effect },
    },
  });
}

function timers({ nextPullAt }: BankAccount): readonly Timer[] {
  return nextPullAt === null ? [] : [{ key: PULL, at: nextPullAt }];
}

function openEffects({ account, config, pass }: BankAccount): readonly Effect[] {
  if (config === null || pass === null || pass.effect === null) return [];
  return [{ id: pass.effect, type: 'anb.fetch_statement', body: fetchOf(account, config, pass.at) }];
}

/** What the bank itself says that it keeps: the last proven closing balance, and what came in other currencies. */
function figures(state: BankAccount): readonly Row[] {
  const { config, proven, first } = state;
  if (config === null) return [];
  const own = { account: 'bank', currency: config.currency, amount: proven?.closing ?? first?.opening ?? 0n };
  const others = Object.entries(foreignSums(state)).map(([currency, amount]) => ({ account: 'bank', currency, amount }));
  return [own, ...others].filter(({ amount }) => amount !== 0n);
}

export const bankAccount = defineKind({
  name: 'bank-account',
  role: 'omnibus',
  rules: 2,
  messages: bankAccountMessages,
  state: bankAccountState,
  initial: initialBankAccount,
  decide,
  timers,
  openEffects,
  figures,
});
