/**
 * Where the money of a line goes: to exactly one receiver, under a message named by the line. The other half of each posting is the
 * receiver's.
 */
import { send } from '../../engine/actor.ts';
import type { Send } from '../../engine/actor.ts';
import { toJson } from '../../engine/message.ts';
import { attribute, walletNamed } from '../attribution.ts';
import type { Owner } from '../attribution.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import type { BreakReason } from '../break/messages.ts';
import { clearingMessages } from '../clearing/messages.ts';
import { referenceMessages } from '../reference/messages.ts';
import type { Attribution, StatementLine } from '../statement-line.ts';
import { virtualAccountMessages } from '../virtual-account/messages.ts';

/** A new line and what is needed to place it. `source`: `<account>/<line key>`. */
export interface NewLine {
  readonly line: StatementLine;
  readonly source: string;
  readonly account: string;
  readonly currency: string;
  readonly attribution: Attribution;
}

/** Days after its document's date in which a provider's credit is expected; its document says its own window. */
export const CREDIT_WINDOW_DAYS = 7;
/** How long a debit waits to be named an outgoing transfer of ours. */
export const OUTGOING_GRACE_MS = 15 * 60 * 1000;
/** Sequence numbers of outgoing transfers, as the bank repeats them in narrative 3. */
const SEQUENCE_NUMBER = /^\d{10,16}$/;

/** The receiver of the line's money; null: a payment of the company into the pool, which needs none. */
export function receiverOf(of: NewLine): Send | null {
  const { line } = of;
  if (line.currency !== of.currency) return toBreak(of, 'currency_mismatch', { expected: of.currency });
  switch (line.mark) {
    case 'C':
      return ofCredit(of, attribute(line, of.attribution));
    case 'D':
      return ofDebit(of);
    case 'RC':
      return ofRecall(of);
    case 'RD':
      return toBreak(of, 'payout_returned');
  }
}

function ofCredit(of: NewLine, owner: Owner): Send | null {
  switch (owner.to) {
    case 'wallet':
      return toWallet(of, owner.number);
    case 'provider':
      return toClearing(of, owner.provider);
    case 'platform':
      return null;
    case 'return':
      return toBreak(of, 'payout_returned');
    case 'nobody':
      return toBreak(of, 'unattributed_credit', { why: owner.why, candidates: owner.candidates.join(', ') });
  }
}

function toWallet({ line, source }: NewLine, number: string): Send {
  return send(virtualAccountMessages, `virtual-account:${number}`, {
    type: 'Credit',
    id: `${source}/credit`,
    body: {
      source,
      amount: line.amount,
      currency: line.currency,
      sender: line.party,
      narrative: narrativeOf(line),
      valueDate: line.valueDate,
      via: 'transfer',
    },
  });
}

function toClearing({ line, source, account }: NewLine, provider: string): Send {
  const { amount, currency, postDate, party } = line;
  return send(clearingMessages, `clearing:${provider}:${account}:${currency}`, {
    type: 'CreditSeen',
    id: `${source}/credit`,
    body: { source, amount, currency, postDate, party, windowDays: CREDIT_WINDOW_DAYS },
  });
}

function ofRecall(of: NewLine): Send {
  const { line, source } = of;
  const number = walletNamed(line, of.attribution);
  if (number === null) return toBreak(of, 'unexpected_debit');
  return send(virtualAccountMessages, `virtual-account:${number}`, {
    type: 'RecallCredit',
    id: `${source}/recall`,
    body: { source, amount: line.amount, currency: line.currency, narrative: narrativeOf(line) },
  });
}

function ofDebit(of: NewLine): Send {
  const { line } = of;
  if (line.code !== null && of.attribution.chargeCodes.includes(line.code)) return toBreak(of, 'unexpected_debit', { charge: line.code });
  const sequence = (line.narratives[2] ?? '').trim();
  return SEQUENCE_NUMBER.test(sequence) ? toReference(of, sequence) : toBreak(of, 'unexpected_debit');
}

function toReference(of: NewLine, sequence: string): Send {
  const { line, source } = of;
  const { amount, currency } = line;
  return send(referenceMessages, `reference:anb:outgoing:${sequence}`, {
    type: 'Forward',
    id: `${source}/outgoing`,
    body: {
      type: 'OutgoingSettled',
      body: toJson({ reference: sequence, amount, currency, source }),
      key: `${source}/settled`,
      amount: -amount,
      currency,
      graceMs: OUTGOING_GRACE_MS,
      orElse: { reason: 'unexpected_debit', subject: source, evidence: evidenceOf(line) },
      answer: null,
    },
  });
}

function toBreak(of: NewLine, reason: BreakReason, more: Readonly<Record<string, string>> = {}): Send {
  const { line, source } = of;
  const money = isCredit(line) ? 'credit' : 'debit';
  const closed = 'charge' in more ? { closed: true } : {};
  return send(breakMessages, breakActor(reason, source), {
    type: 'OpenBreak',
    id: `${source}/break`,
    body: {
      reason,
      subject: source,
      severity: 'charge' in more ? 'low' : 'medium',
      money,
      amount: line.amount,
      currency: line.currency,
      evidence: { ...evidenceOf(line), ...more },
      ...closed,
    },
  });
}

/** A line that is known with other content: no money moves, a person compares. */
export function toConflict({ line, source }: NewLine, knownContent: string): Send {
  return send(breakMessages, breakActor('line_conflict', source), {
    type: 'OpenBreak',
    body: {
      reason: 'line_conflict',
      subject: source,
      severity: 'high',
      money: 'none',
      amount: line.amount,
      currency: line.currency,
      evidence: { ...evidenceOf(line), postedContentHash: knownContent },
    },
  });
}

export function isCredit(line: StatementLine): boolean {
  return line.mark === 'C' || line.mark === 'RD';
}

function narrativeOf(line: StatementLine): string {
  return line.narratives.filter((part) => part !== '').join(' ');
}

/** The line as a person needs to see it, flat; what the source does not say is left out. */
function evidenceOf(line: StatementLine): Record<string, string> {
  const [narrative1 = '', narrative2 = '', narrative3 = ''] = line.narratives;
  const { postDate, valueDate, postingTime, reference, serial, mark, currency, iban, party, code } = line;
  const amount = line.amount.toString();
  const all = { postDate, valueDate, postingTime, reference, serial, mark, amount, currency, narrative1, narrative2, narrative3 };
  return Object.fromEntries(
    Object.entries({ ...all, iban: iban ?? '', party: party ?? '', code: code ?? '' }).filter(([, value]) => value !== ''),
  );
}
