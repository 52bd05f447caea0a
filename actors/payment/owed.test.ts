import test from 'ava';
import { toJson } from '../../engine/message.ts';
import { scenario, T0 } from '../testing/scenario.ts';
import { payment } from './decide.ts';
import { ROWS_WITHIN_MS } from './messages.ts';
import * as tell from './testing/messages.ts';

const VERIFIED_AT = T0 + tell.HOUR;
const UNTIL = VERIFIED_AT + tell.ROWS_WITHIN;
const BREAK = 'break:settlement_overdue:p1';

const at = <T extends object>(message: T, ms: number) => ({ ...message, at: ms });
const verified = () => scenario(payment, tell.SELF).given(tell.created(), tell.invoiced(), tell.hint(), at(tell.fetched(), VERIFIED_AT));
const overdue = () => verified().given(tell.due('owed', UNTIL));

test('a verified payment expects its settlement row within the calendar; then a break says that it is missing, without money', (t) => {
  const it = verified();
  it.then(t, { timers: [`owed@${UNTIL - T0}`, 'poll@-'], state: { owed: { until: UNTIL, overdue: false } } });
  it.when(tell.due('owed', UNTIL)).then(t, {
    rows: '',
    sends: [`OpenBreak -> ${BREAK}`],
    state: { owed: { until: UNTIL, overdue: true } },
  });
  const evidence = { payment: 'p1', topUp: 't1', missing: 'payment row', expectedBy: new Date(UNTIL).toISOString() };
  t.like(it.sent[0]?.body, { reason: 'settlement_overdue', subject: 'p1', money: 'none', amount: '4990', severity: 'medium', evidence });
  it.when(tell.due('owed', UNTIL)).then(t, { sends: [], timers: [] });
});

test('a row in time ends the wait in silence; a late one, and any other end, closes the break', (t) => {
  const credited = [`TopUpSettled -> ${tell.ACCOUNT}`, `RowAnswered -> ${tell.PAGE}`];
  verified()
    .when(tell.rowSettled())
    .then(t, { sends: credited, timers: ['owed@-'], state: { owed: null } });
  const late = overdue().when(tell.rowSettled());
  late.then(t, { sends: [...credited, `CloseBreak -> ${BREAK}`], state: { owed: null, status: 'paid' } });
  const voided = overdue()
    .given(tell.hint('e2'))
    .when(tell.fetched(tell.payment({ status: 'voided' }), 2));
  voided.then(t, { sends: [`TopUpReversed -> ${tell.ACCOUNT}`, `CloseBreak -> ${BREAK}`], state: { owed: null } });
});

test('a refund of a part leaves the payment row awaited as before; settled without its refund row, the wait begins anew', (t) => {
  const refunded = tell.payment({ refunded: 1000n });
  const it = verified()
    .given(tell.hint('e2'))
    .when(at(tell.fetched(refunded, 2), VERIFIED_AT + tell.HOUR));
  it.then(t, { timers: [], state: { owed: { until: UNTIL, overdue: false } } });
  const settledAt = UNTIL - tell.HOUR;
  const until = settledAt + tell.ROWS_WITHIN;
  it.when(at(tell.rowSettled(), settledAt)).then(t, { timers: [`owed@${until - T0}`], state: { owed: { until, overdue: false } } });
  it.when(tell.due('owed', UNTIL)).then(t, { sends: [] }); // the former wait is over
  it.when(tell.due('owed', until)).then(t, { sends: [`OpenBreak -> ${BREAK}`] });
  t.like(it.sent[0]?.body, { amount: '1000', evidence: { missing: 'refund row' } });
  it.when(tell.refundRow(1000n)).then(t, { sends: [`RowAnswered -> ${tell.PAGE}`, `CloseBreak -> ${BREAK}`], state: { owed: null } });
});

test('a refund after the settlement expects its row; a refund row that tells of the refund leaves nothing missing', (t) => {
  const told = verified()
    .given(tell.rowSettled(), tell.hint('e2'))
    .when(at(tell.fetched(tell.payment({ status: 'refunded', refunded: 4990n }), 2), UNTIL));
  told.then(t, { timers: [`owed@${UNTIL + tell.ROWS_WITHIN - T0}`] });
  const found = verified().given(tell.rowSettled()).when(tell.refundRow(4990n));
  found.then(t, { timers: [], state: { owed: null } });
});

test('a payment that failed after all, and one that is settled before it was looked at, wait for nothing', (t) => {
  const failed = verified()
    .given(tell.hint('e2'))
    .when(tell.fetched(tell.payment({ status: 'failed' }), 2));
  failed.then(t, { timers: ['owed@-'], state: { owed: null } });
  const early = scenario(payment, tell.SELF).given(tell.created(), tell.invoiced(), tell.rowSettled()).when(tell.fetched());
  early.then(t, { state: { owed: null, status: 'paid' } });
});

test('a snapshot of former rules waits from the next thing it hears, by the calendar that was usual', (t) => {
  const { owed: _none, ...former } = verified().state;
  const { rowsWithinMs: _unknown, ...paid } = { ...former.payment };
  const read = payment.state.parse(JSON.parse(toJson({ ...former, payment: paid })));
  t.like(read, { owed: null, payment: { rowsWithinMs: ROWS_WITHIN_MS } });
  const it = verified();
  it.envelope = { ...it.envelope, state: read };
  it.when(at(tell.hint('e2'), UNTIL)).then(t, { timers: [`owed@${UNTIL + ROWS_WITHIN_MS - T0}`] });
});
