import test from 'ava';
import { scenario, T0 } from '../testing/scenario.ts';
import { breakKind } from './decide.ts';
import type { breakMessages } from './messages.ts';
import { COMMENT_CHARACTERS_KEPT, COMMENTS_KEPT, EVIDENCE_KEPT, HISTORY_KEPT } from './state.ts';
import type { MessagesOf } from '../../engine/actor.ts';

type Body<T extends string> = Extract<MessagesOf<typeof breakMessages>, { type: T }>['body'];

const SUBJECT = '0108000000010016/2026-11-20/R1/2';
const ID = `unattributed_credit:${SUBJECT}`;
const SELF = `break:${ID}` as const;
const WALLET = '123170000000017';

function opening(over: Partial<Body<'OpenBreak'>> = {}) {
  const evidence = { narrative1: 'SENDER', narrative2: 'FOR AHMED', party: 'AHMED', valueDate: '2026-11-19' };
  const body: Body<'OpenBreak'> = {
    reason: 'unattributed_credit',
    subject: SUBJECT,
    severity: 'medium',
    money: 'credit',
    amount: 10_000n,
    currency: 'SAR',
    evidence,
    ...over,
  };
  return { type: 'OpenBreak' as const, body };
}

function resolving(over: Partial<Body<'ResolveBreak'>> = {}) {
  const body: Body<'ResolveBreak'> = {
    resolution: 'assign_to_wallet',
    wallet: WALLET,
    reference: null,
    reason: 'seen on paper',
    by: 'ops',
    ...over,
  };
  return { type: 'ResolveBreak' as const, body };
}

const closing = { type: 'CloseBreak' as const, body: { because: 'it came' } };
const returning = resolving({ resolution: 'return_to_sender', wallet: null, reference: '4242' });

function settled(amount: bigint, currency = 'SAR') {
  return { type: 'OutgoingSettled' as const, body: { reference: '4242', amount, currency, source: 'line' } };
}

function recalled(amount: bigint, currency = 'SAR') {
  return { type: 'RecallCredit' as const, body: { source: 'line', amount, currency, narrative: '' } };
}

function fresh() {
  return scenario(breakKind, SELF);
}

// ---- opening -------------------------------------------------------------------------------------------------------------------------

test('a credit that waits here is held in suspense', (t) => {
  const told = fresh().when(opening());
  told.then(t, {
    rows: 'in-transit 10000 / suspense 10000',
    state: {
      reason: 'unattributed_credit',
      subject: SUBJECT,
      status: 'open',
      held: 10_000n,
      amount: 10_000n,
      currency: 'SAR',
      openedAt: T0,
    },
  });
  t.deepEqual(breakKind.figures?.(told.state), [{ account: 'suspense', currency: 'SAR', amount: -10_000n }]);
  t.deepEqual(breakKind.listing?.(told.state), {
    reason: 'unattributed_credit',
    status: 'open',
    severity: 'medium',
    amount: '10000',
    currency: 'SAR',
    subject: SUBJECT,
    openedAt: T0,
    assignee: null,
  });
});

test('an unknown debit is owed by the company', (t) => {
  const told = fresh().when(opening({ money: 'debit', amount: 300n }));
  told.then(t, { rows: 'platform-due 300 / in-transit 300', state: { status: 'open', held: 0n, due: 300n, amount: 300n } });
  t.deepEqual(breakKind.figures?.(told.state), []);
});

test('a bank charge opens and closes in one step', (t) => {
  fresh()
    .when(opening({ money: 'debit', amount: 300n, closed: true }))
    .then(t, {
      rows: 'platform-due 300 / in-transit 300',
      state: { status: 'resolved', resolution: { resolution: 'explained', by: null } },
    });
});

test('a break that holds money does not open closed', (t) => {
  fresh()
    .when(opening({ closed: true }))
    .then(t, { state: { status: 'open', held: 10_000n } });
});

test('a break without money shows the amount in question', (t) => {
  const told = fresh().when(opening({ money: 'none', amount: 77n }));
  told.then(t, { rows: '', state: { status: 'open', amount: 77n, received: 0n, held: 0n } });
  told.when(opening({ money: 'none', amount: 78n, currency: null })).then(t, { state: { amount: 78n, currency: 'SAR' } });
});

test('money without a currency is none', (t) => {
  fresh()
    .when(opening({ currency: null }))
    .then(t, { rows: '', state: { status: 'open', held: 0n, currency: null } });
});

test('opening again without money adds only evidence, and the graver severity stays', (t) => {
  const told = fresh().given(opening({ severity: 'high' }));
  told.when(opening({ money: 'none', amount: 1n, severity: 'low', evidence: { found: 'again' } })).then(t, {
    rows: '',
    note: null,
    state: { severity: 'high', amount: 10_000n, historyCount: 1, evidence: { found: 'again', party: 'AHMED' } },
  });
  told.when(opening({ money: 'none', severity: 'high' })).then(t, { state: { severity: 'high' } });
});

test('opening again with money adds it', (t) => {
  const told = fresh()
    .given(opening(), returning)
    .when(opening({ amount: 1n }));
  told.then(t, { rows: 'in-transit 1 / suspense 1', state: { status: 'returning', held: 10_001n, amount: 10_001n } });
});

test('money in another currency goes on to a break of its own', (t) => {
  const told = fresh()
    .given(opening())
    .when(opening({ currency: 'KWD', amount: 1_234n }));
  const subject = `${ID}/KWD`;
  told.then(t, { rows: '', sends: [`OpenBreak -> break:currency_mismatch:${subject}`], state: { held: 10_000n } });
  t.like(told.sent[0], { id: `${subject}/break`, body: { reason: 'currency_mismatch', subject, amount: '1234', currency: 'KWD' } });
});

test('evidence is bounded in number and length', (t) => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`fact${n}`, 'x'.repeat(1000)]));
  const told = fresh()
    .given(opening({ evidence: many }))
    .when(opening({ money: 'none', evidence: { fact0: 'told anew' } }));
  t.is(Object.keys(told.state.evidence).length, EVIDENCE_KEPT);
  t.is(told.state.evidence.fact1?.length, 500);
  t.is(told.state.evidence.fact0, 'told anew');
});

// ---- closing by itself ---------------------------------------------------------------------------------------------------------------

test('the missing half closes a break that holds nothing, and finding it again opens it', (t) => {
  const told = fresh().given(opening({ money: 'none' }));
  told
    .when(closing)
    .then(t, { rows: '', state: { status: 'resolved', resolution: { resolution: 'closed_by_itself', reason: 'it came', by: null } } });
  told.when(closing).then(t, { state: { status: 'resolved', historyCount: 2 } });
  told.when(opening({ money: 'none' })).then(t, { state: { status: 'open', resolution: null, resolvedAt: null } });
});

test('the missing half closes neither what holds money nor what nobody opened', (t) => {
  fresh()
    .given(opening())
    .when(closing)
    .then(t, { state: { status: 'open', held: 10_000n } });
  fresh()
    .when(closing)
    .then(t, { state: { status: 'none' } });
  t.is(breakKind.listing?.(fresh().when(closing).state), null);
});

test('what a person closed stays closed until something new comes', (t) => {
  const told = fresh().given(opening({ money: 'none' }), resolving({ resolution: 'close', wallet: null }));
  told.when(opening({ money: 'none' })).then(t, { note: null, state: { status: 'resolved' } });
  told.when(opening({ money: 'none', evidence: { found: 'other' } })).then(t, { state: { status: 'open' } });
});

test('money opens what a person had resolved', (t) => {
  const told = fresh().given(opening(), resolving());
  told.when(opening({ amount: 5n })).then(t, { rows: 'in-transit 5 / suspense 5', state: { status: 'open', held: 5n, amount: 10_005n } });
});

// ---- resolutions ---------------------------------------------------------------------------------------------------------------------

test('an operator gives suspense to a wallet', (t) => {
  const told = fresh().given(opening()).when(resolving());
  told.then(t, {
    rows: 'suspense 10000 / in-transit 10000',
    sends: [`Credit -> virtual-account:${WALLET}`],
    state: {
      status: 'resolved',
      held: 0n,
      amount: 10_000n,
      resolution: { resolution: 'assign_to_wallet', by: 'ops', reason: 'seen on paper' },
    },
    answer: { id: ID, status: 'resolved', held: '0', currency: 'SAR', assignee: null },
  });
  t.deepEqual(told.sent[0]?.body, {
    source: SUBJECT,
    amount: '10000',
    currency: 'SAR',
    sender: 'AHMED',
    narrative: 'SENDER FOR AHMED',
    valueDate: '2026-11-19',
    via: 'suspense',
  });
});

test('a credit out of suspense has the day of its decision where the evidence names none', (t) => {
  const told = fresh()
    .given(opening({ evidence: {} }))
    .when(resolving());
  t.like(told.sent[0]?.body, { sender: null, narrative: '', valueDate: '2026-11-23' });
  const named = fresh()
    .given(opening({ evidence: { sender: 'SARA' } }))
    .when(resolving());
  t.is(named.sent[0]?.body.sender, 'SARA');
});

test('a return to the sender waits for its debit, and the fee in it is owed by the company', (t) => {
  const told = fresh().given(opening()).when(returning);
  told.then(t, {
    rows: '',
    sends: ['Bind -> reference:anb:outgoing:4242'],
    state: { status: 'returning', held: 10_000n, reference: '4242' },
    answer: { id: ID, status: 'returning', held: '10000', currency: 'SAR', assignee: null },
  });
  t.deepEqual(told.sent[0]?.body, { to: SELF });
  told.when(settled(10_345n)).then(t, {
    rows: 'suspense 10000, platform-due 345 / in-transit 10345',
    state: { status: 'resolved', held: 0n, due: 345n, reference: null, resolution: { resolution: 'return_to_sender', by: 'ops' } },
  });
});

test('a return without a number is only marked: the number may follow, or the money may go to a wallet after all', (t) => {
  const marking = resolving({ resolution: 'return_to_sender', wallet: null });
  const told = fresh().given(opening()).when(marking);
  told.then(t, { sends: [], state: { status: 'returning', reference: null } });
  told.when(returning).then(t, { sends: ['Bind -> reference:anb:outgoing:4242'] });
  fresh()
    .given(opening(), marking)
    .when(resolving())
    .then(t, { rows: 'suspense 10000 / in-transit 10000', state: { status: 'resolved' } });
});

test('while a transfer takes the money back, only its number may be put right', (t) => {
  const told = fresh().given(opening(), returning);
  told.when(resolving()).then(t, { code: 'resolution_not_offered', answer: { reference: '4242' } });
  told.when(resolving({ resolution: 'return_to_sender' })).then(t, { code: 'resolution_not_offered' });
  told.when(resolving({ resolution: 'return_to_sender', reference: '4243' })).then(t, { sends: ['Bind -> reference:anb:outgoing:4243'] });
});

test('a return of a part leaves the rest to a person', (t) => {
  fresh()
    .given(opening(), returning)
    .when(settled(4_000n))
    .then(t, { rows: 'suspense 4000 / in-transit 4000', state: { status: 'open', held: 6_000n, severity: 'high', reference: null } });
});

test('a return that nobody waits for is owed by the company and looked at', (t) => {
  fresh()
    .when(settled(500n))
    .then(t, { rows: 'platform-due 500 / in-transit 500', state: { status: 'open', due: 500n, currency: 'SAR', severity: 'high' } });
  fresh()
    .given(opening(), resolving())
    .when(settled(500n))
    .then(t, { rows: 'platform-due 500 / in-transit 500', state: { status: 'open', severity: 'high' } });
});

test('a return in another currency takes nothing out of suspense', (t) => {
  fresh()
    .given(opening(), returning)
    .when(settled(500n, 'USD'))
    .then(t, { rows: 'platform-due 500 USD / in-transit 500 USD', state: { held: 10_000n, due: 0n, status: 'open' } });
});

test('a debit that settles a return before anybody resolved it counts all the same', (t) => {
  fresh()
    .given(opening())
    .when(settled(10_000n))
    .then(t, { rows: 'suspense 10000 / in-transit 10000', state: { status: 'resolved', resolution: { by: null } } });
});

test('a break without money is closed by a person with a reason', (t) => {
  fresh()
    .given(opening({ money: 'debit' }))
    .when(resolving({ resolution: 'close', wallet: null, reason: 'known charge' }))
    .then(t, {
      rows: '',
      state: { status: 'resolved', resolution: { resolution: 'close', reason: 'known charge', by: 'ops' } },
      answer: { id: ID, status: 'resolved', held: '0', currency: 'SAR', assignee: null },
    });
});

test('a break that nobody opened is not found', (t) => {
  fresh().when(resolving()).then(t, { code: 'break_not_found', sends: [] });
  fresh()
    .when({ type: 'AssignBreak', body: { assignee: 'x', by: 'ops' } })
    .then(t, { code: 'break_not_found' });
  fresh()
    .when({ type: 'CommentBreak', body: { text: 'x', by: 'ops' } })
    .then(t, { code: 'break_not_found' });
});

test('a break is resolved once', (t) => {
  const told = fresh().given(opening(), resolving());
  told.when(resolving()).then(t, { code: 'break_already_resolved', sends: [], rows: '' });
  told.when({ type: 'AssignBreak', body: { assignee: 'x', by: 'ops' } }).then(t, { code: 'break_already_resolved' });
});

test('a break without suspense has nothing to assign and nothing to return', (t) => {
  const told = fresh().given(opening({ money: 'debit' }));
  told.when(resolving()).then(t, { code: 'nothing_to_assign' });
  told.when(returning).then(t, { code: 'resolution_not_offered' });
});

test('assigning needs the number of a wallet', (t) => {
  const told = fresh().given(opening());
  told.when(resolving({ wallet: null })).then(t, { code: 'wallet_required' });
  told.when(resolving({ wallet: 'w:1' })).then(t, { code: 'wallet_required' });
});

test('a break does not close while money waits in it', (t) => {
  fresh()
    .given(opening())
    .when(resolving({ resolution: 'close', wallet: null }))
    .then(t, { code: 'money_waits' });
});

// ---- recall --------------------------------------------------------------------------------------------------------------------------

test('case 7: a credit that still waits here is recalled out of suspense', (t) => {
  fresh()
    .given(opening())
    .when(recalled(10_000n))
    .then(t, {
      rows: 'suspense 10000 / in-transit 10000',
      state: { status: 'resolved', held: 0n, resolution: { resolution: 'recalled' } },
    });
  fresh()
    .given(opening())
    .when(recalled(4_000n))
    .then(t, { rows: 'suspense 4000 / in-transit 4000', state: { status: 'open', held: 6_000n, severity: 'medium' } });
});

test('case 7: a recall of more than waits here is owed by the company and looked at', (t) => {
  fresh()
    .given(opening(), resolving())
    .when(recalled(10_000n))
    .then(t, { rows: 'platform-due 10000 / in-transit 10000', state: { status: 'open', severity: 'high', due: 10_000n } });
});

// ---- people --------------------------------------------------------------------------------------------------------------------------

test('a break is assigned and commented', (t) => {
  const told = fresh().given(opening());
  told.when({ type: 'AssignBreak', body: { assignee: 'nora', by: 'ops' } }).then(t, {
    state: { assignee: 'nora' },
    answer: { id: ID, status: 'open', held: '10000', currency: 'SAR', assignee: 'nora' },
    note: { assignee: 'nora' },
  });
  told.when({ type: 'CommentBreak', body: { text: 'asked the bank', by: 'nora' } }).then(t, {
    state: { commentCount: 1, comments: [{ at: T0 + 2000, by: 'nora', text: 'asked the bank' }] },
    note: { text: 'asked the bank' },
  });
});

test('the newest comments and happenings are kept, older ones stay in the ledger', (t) => {
  const told = fresh().given(opening());
  for (let n = 0; n < 60; n += 1) told.when({ type: 'CommentBreak', body: { text: `c${n}`, by: 'ops' } });
  for (let n = 0; n < 60; n += 1) told.when({ type: 'AssignBreak', body: { assignee: `a${n}`, by: 'ops' } });
  t.is(told.state.comments.length, COMMENTS_KEPT);
  t.is(told.state.comments.at(-1)?.text, 'c59');
  t.is(told.state.commentCount, 60);
  t.is(told.state.history.length, HISTORY_KEPT);
  t.is(told.state.historyCount, 61);
  for (let n = 0; n < 60; n += 1) told.when({ type: 'CommentBreak', body: { text: 'x'.repeat(2000), by: 'ops' } });
  t.is(told.state.comments.length, COMMENT_CHARACTERS_KEPT / 2000);
});

test('money in a message to a break is what it will book against in-transit', (t) => {
  t.deepEqual(breakKind.carries?.(opening()), { currency: 'SAR', amount: 10_000n });
  t.deepEqual(breakKind.carries?.(opening({ money: 'debit' })), { currency: 'SAR', amount: -10_000n });
  t.is(breakKind.carries?.(opening({ money: 'none' })), null);
  t.is(breakKind.carries?.(opening({ currency: null })), null);
  t.deepEqual(breakKind.carries?.(settled(5n)), { currency: 'SAR', amount: -5n });
  t.deepEqual(breakKind.carries?.(recalled(5n)), { currency: 'SAR', amount: -5n });
  t.is(breakKind.carries?.(closing), null);
});

test('a break of an unknown reason, made by a message gone astray, is still a state', (t) => {
  t.is(breakKind.initial('nonsense:x').reason, null);
});
