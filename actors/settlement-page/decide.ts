/**
 * The rules of a page of settlement rows: kept until their money is there, then each is sent to the payment it is about.
 *
 * P1  Rows may be replaced until they are released, never after.
 * P2  What is released is exactly what the rows carry on; costs carry nothing and are answered by themselves.
 */
import { accept, defineKind, send } from '../../engine/actor.ts';
import type { Accepted, Entry, MessagesOf, Send } from '../../engine/actor.ts';
import { toJson } from '../../engine/message.ts';
import type { ActorId } from '../../engine/message.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import { rowSign } from '../payment/messages.ts';
import type { SettlementRow } from '../payment/messages.ts';
import { carrying } from '../postings.ts';
import { referenceMessages } from '../reference/messages.ts';
import { settlementMessages } from '../settlement/messages.ts';
import { settlementPageMessages } from './messages.ts';
import { evolve, initial, settlementPageState } from './state.ts';
import type { SettlementPage } from './state.ts';

type Said = Entry<MessagesOf<typeof settlementPageMessages>>;
type On<K extends Said['type']> = Extract<Said, { type: K }>;
type Outcome = Accepted<SettlementPage>;

function decide(state: SettlementPage, entry: Said): Outcome {
  switch (entry.type) {
    case 'StorePage':
      return store(state, entry);
    case 'ReleasePage':
      return release(state, entry);
    case 'RowAnswered':
      return answer(state, entry);
  }
}

function store(state: SettlementPage, { body }: On<'StorePage'>): Outcome {
  if (state.status === 'released' || state.status === 'done') return accept(state);
  const ours = body.rows.filter((row) => row.currency === body.currency);
  const stored = send(settlementMessages, body.settlement, {
    type: 'PageStored',
    body: {
      page: body.page,
      count: body.rows.length,
      gross: ours.reduce((sum, row) => sum + signedGross(row), 0n),
      net: ours.reduce((sum, row) => sum + row.net, 0n),
      foreign: body.rows.length - ours.length,
    },
  });
  return accept(evolve(state, { type: 'RowsStored', ...body }), { sends: [stored] });
}

/** The money is there: every row that moves some goes to the payment it names, or to a break when it names none. */
function release(state: SettlementPage, { body, self }: On<'ReleasePage'>): Outcome {
  const gross = state.rows.reduce((sum, row) => sum + signedGross(row), 0n);
  if (state.status !== 'stored' || gross !== body.amount) throw new Error(`${self} is ${state.status} with ${gross}, not ${body.amount}`);
  const moving = state.rows.filter((row) => rowSign(row.type) !== 0n);
  const waiting = moving.filter((row) => row.paymentId !== null).map((row) => row.index);
  const sends = moving.map((row) => (row.paymentId === null ? breakOf(state, row) : forward(state, self, row)));
  return finish(evolve(state, { type: 'RowsReleased', waiting, broken: moving.length - waiting.length }), sends);
}

function answer(state: SettlementPage, { body }: On<'RowAnswered'>): Outcome {
  if (!state.waiting.includes(body.index)) return accept(state);
  return finish(evolve(state, { type: 'RowEnded', index: body.index, outcome: body.outcome }), []);
}

function finish(state: SettlementPage, sends: readonly Send[]): Outcome {
  if (state.waiting.length > 0 || state.settlement === null) return accept(state, { sends });
  const done = send(settlementMessages, state.settlement, {
    type: 'PageDone',
    body: { page: state.page, credited: state.credited, broken: state.broken },
  });
  return accept(evolve(state, { type: 'RowsDropped' }), { sends: [...sends, done] });
}

/** To whoever the provider's payment id belongs to; the place where that is known keeps it until it is, or gives it to a break. */
function forward(state: SettlementPage, self: ActorId, row: SettlementRow): Send {
  const subject = subjectOf(state, row);
  return send(referenceMessages, `reference:${state.provider}:payment:${row.paymentId ?? ''}`, {
    type: 'Forward',
    id: `${subject}/row`,
    body: {
      type: 'RowSettled',
      body: toJson({ page: self, document: state.document, row, terms: state.terms }),
      key: `${subject}/row`,
      amount: signedGross(row),
      currency: row.currency,
      graceMs: state.terms?.rowGraceMs ?? 0,
      orElse: { reason: 'unknown_payment', subject, evidence: evidenceOf(state, row) },
      answer: { page: self, index: row.index },
    },
  });
}

function breakOf(state: SettlementPage, row: SettlementRow): Send {
  const subject = subjectOf(state, row);
  return send(breakMessages, breakActor('unknown_payment', subject), {
    type: 'OpenBreak',
    id: `${subject}/break`,
    body: {
      reason: 'unknown_payment',
      subject,
      severity: 'medium',
      money: rowSign(row.type) > 0n ? 'credit' : 'debit',
      amount: row.gross,
      currency: row.currency,
      evidence: evidenceOf(state, row),
    },
  });
}

function evidenceOf(state: SettlementPage, row: SettlementRow): Record<string, string> {
  const { type, paymentId, gross, net, fee, tax } = row;
  return {
    provider: state.provider,
    document: state.document,
    row: `page ${state.page}, row ${row.index}`,
    type,
    payment: paymentId ?? 'none',
    gross: gross.toString(),
    net: net.toString(),
    fee: fee.toString(),
    tax: tax.toString(),
  };
}

function subjectOf(state: SettlementPage, row: SettlementRow): string {
  return `${state.document}/${state.page}/${row.index}`;
}

function signedGross(row: SettlementRow): bigint {
  return rowSign(row.type) * row.gross;
}

export const settlementPage = defineKind({
  name: 'settlement-page',
  role: 'omnibus',
  rules: 1,
  messages: settlementPageMessages,
  state: settlementPageState,
  initial,
  decide,
  carries: (message) => (message.type === 'ReleasePage' ? carrying(message.body.currency, message.body.amount) : null),
});
