/** The resolutions of a break: who may have its money, and when it may be closed. */
import { accept, refuse, send } from '../../engine/actor.ts';
import type { Accepted, Decision, Entry, MessagesOf } from '../../engine/actor.ts';
import { move } from '../postings.ts';
import { referenceMessages } from '../reference/messages.ts';
import { virtualAccountMessages } from '../virtual-account/messages.ts';
import { resolved, withHistory } from './evolve.ts';
import type { breakMessages } from './messages.ts';
import { currencyHeld } from './money.ts';
import type { Break, BreakRefusal } from './state.ts';

type ResolveBreak = Entry<Extract<MessagesOf<typeof breakMessages>, { type: 'ResolveBreak' }>>;

const WALLET_NUMBER = /^\d{15}$/;

/** Resolves a break once; what it holds goes to a wallet or back to the sender, and it closes only when it holds nothing. */
export function resolve(state: Break, entry: ResolveBreak): Decision<Break, BreakRefusal> {
  if (state.status === 'none') return refuse('break_not_found');
  if (state.status === 'resolved') return refuse('break_already_resolved');
  if (state.reference !== null && !renamesTransfer(entry.body)) return refuse('resolution_not_offered', { reference: state.reference });
  switch (entry.body.resolution) {
    case 'close':
      return state.held > 0n ? refuse('money_waits') : closeByHand(state, entry);
    case 'return_to_sender':
      return state.held > 0n ? returnToSender(state, entry) : refuse('resolution_not_offered');
    case 'assign_to_wallet':
      return assignToWallet(state, entry);
  }
}

/** While a transfer takes the money back, only its number may be put right. */
function renamesTransfer({ resolution, reference }: ResolveBreak['body']): boolean {
  return resolution === 'return_to_sender' && reference !== null;
}

function closeByHand(state: Break, { body, at, self }: ResolveBreak): Accepted<Break> {
  const next = resolved(state, { at, resolution: body.resolution, reason: body.reason, by: body.by });
  return accept(next, { answer: answerOf(self, next), note: body });
}

function assignToWallet(state: Break, { body, at, self }: ResolveBreak): Decision<Break, BreakRefusal> {
  const wallet = body.wallet ?? '';
  if (state.held === 0n) return refuse('nothing_to_assign');
  if (!WALLET_NUMBER.test(wallet)) return refuse('wallet_required');
  const { held: amount, subject, evidence } = state;
  const currency = currencyHeld(state);
  const next = resolved({ ...state, held: 0n }, { at, resolution: body.resolution, reason: body.reason, by: body.by });
  const credit = send(virtualAccountMessages, `virtual-account:${wallet}`, {
    type: 'Credit',
    id: `${subject}/suspense/${next.historyCount}`,
    body: {
      source: subject,
      amount,
      currency,
      sender: evidence.party ?? evidence.sender ?? null,
      narrative: [evidence.narrative1, evidence.narrative2, evidence.narrative3, evidence.narrative].filter(Boolean).join(' '),
      valueDate: evidence.valueDate ?? new Date(at).toISOString().slice(0, 'YYYY-MM-DD'.length),
      via: 'suspense',
    },
  });
  const rows = move(currency, amount, { debit: 'suspense', credit: 'in-transit' });
  return accept(next, { rows, sends: [credit], answer: answerOf(self, next), note: body });
}

/** From now on the outgoing transfer's debit belongs here; without its number the return is only marked. */
function returnToSender(state: Break, { body, at, self }: ResolveBreak): Accepted<Break> {
  const { resolution, reason, by, reference } = body;
  const marked: Break = { ...state, status: 'returning', reference, resolution: { resolution, reason, by } };
  const next = withHistory(marked, { at, what: `returning to the sender${reference === null ? '' : ` by transfer ${reference}`}`, by });
  const sends =
    reference === null ? [] : [send(referenceMessages, `reference:anb:outgoing:${reference}`, { type: 'Bind', body: { to: self } })];
  return accept(next, { sends, answer: answerOf(self, next), note: body });
}

/** What an operator's command is answered with. */
export function answerOf(self: string, { status, held, currency, assignee }: Break): Readonly<Record<string, string | null>> {
  return { id: self.slice('break:'.length), status, held: held.toString(), currency, assignee };
}
