import test from 'ava';
import { toJson } from '../../engine/message.ts';
import { scenario, T0 } from '../testing/scenario.ts';
import { virtualAccount } from './decide.ts';
import { AMOUNT_MAX, OPEN_OUTGOINGS_MAX, transferOf, virtualAccountState } from './state.ts';
import * as tell from './testing/messages.ts';

const unopened = () => scenario(virtualAccount, tell.SELF);
const open = () => unopened().given(tell.opened());

// ---- opening and status ------------------------------------------------------------------------------------------------------------

test('a number is given to one owner once; a second opening changes nothing', (t) => {
  const again = { ...tell.opened(), body: { ...tell.opened().body, owner: 'bob' } };
  unopened()
    .when(tell.opened())
    .then(t, { rows: '', sends: [], state: { status: 'active', owner: 'alice', iban: tell.IBAN, createdAt: T0 } })
    .when(again)
    .then(t, { state: { owner: 'alice' } });
});

test('an account is frozen, opened again and retired, and stays retired', (t) => {
  unopened().when(tell.setStatus('frozen')).then(t, { code: 'wallet_not_found' });
  open()
    .when(tell.setStatus('frozen'))
    .then(t, { answer: { status: 'frozen' }, state: { status: 'frozen' } })
    .when(tell.setStatus('active'))
    .then(t, { state: { status: 'active' } })
    .when(tell.setStatus('retired'))
    .then(t, { state: { status: 'retired' } })
    .when(tell.setStatus('active'))
    .then(t, { code: 'account_retired' })
    .when(tell.setStatus('retired'))
    .then(t, { answer: { status: 'retired' } });
});

test('an account that still holds, awaits or owes money is not retired', (t) => {
  const withMoney = [
    open().given(tell.credited(900n)),
    open().given(tell.requested(), tell.pending()),
    open().given(tell.requested(), tell.reversed(500n)),
    open().given(tell.credited(900n), tell.debited(900n)),
  ];
  for (const account of withMoney) {
    const { status } = account.state;
    account.when(tell.setStatus('retired')).then(t, { code: 'balance_not_zero' });
    t.is(account.state.status, status);
    account.when(tell.setStatus('frozen')).then(t, { answer: { status: 'frozen' } });
  }
  open()
    .given(tell.credited(900n), tell.debited(900n), tell.outgoingSettled(900n))
    .when(tell.setStatus('retired'))
    .then(t, { answer: { status: 'retired' } });
});

// ---- transfers ---------------------------------------------------------------------------------------------------------------------

test('a credit at a wallet: in-transit a / va a', (t) => {
  const after = open().when(tell.credited(10_000n));
  after.then(t, {
    rows: 'in-transit 10000 / va 10000',
    state: { available: 10_000n },
    note: { kind: 'transfer', amount: '10000', available: '10000', reference: 'acc/line-1', counterparty: 'Sara', description: 'rent' },
  });
  t.like(after.state.transfers.map(transferOf), [{ source: 'acc/line-1', amount: 10_000n, status: 'paid', sender: 'Sara' }]);
});

test('a credit pays what is owed first: in-transit a / va-owing min(a, owing), va the rest', (t) => {
  const owing = open().given(tell.recalled(3000n));
  owing.when(tell.credited(1000n)).then(t, { rows: 'in-transit 1000 / va-owing 1000', state: { owing: 2000n, available: 0n } });
  owing.when(tell.credited(5000n)).then(t, { rows: 'in-transit 5000 / va-owing 2000, va 3000', state: { owing: 0n, available: 3000n } });
});

test('case 5: a credit to an unknown, frozen, retired or other-currency account is sent on whole, with the former owner as a hint', (t) => {
  const rows = [
    [unopened(), tell.credited(900n), 'unattributed_credit'],
    [open().given(tell.setStatus('frozen')), tell.credited(900n), 'inactive_account_credit'],
    [open().given(tell.setStatus('retired')), tell.credited(900n), 'inactive_account_credit'],
    [open(), tell.credited(900n, { currency: 'KWD' }), 'currency_mismatch'],
  ] as const;
  for (const [account, credit, reason] of rows) {
    account.when(credit).then(t, { rows: '', sends: [`OpenBreak -> break:${reason}:acc/line-1`], note: null, state: { available: 0n } });
    t.like(account.sent[0]?.body, { reason, subject: 'acc/line-1', money: 'credit', amount: '900', currency: credit.body.currency });
  }
  t.like(rows[2][0].sent[0]?.body, { evidence: { owner: 'alice', status: 'retired', sender: 'Sara' } });
});

test('a credit without a sender is refused and booked as well', (t) => {
  const nobody = { ...tell.credited(900n), body: { ...tell.credited(900n).body, sender: null } };
  const after = unopened().when(nobody);
  t.like(after.sent[0]?.body, { evidence: { sender: '' } });
  open()
    .when(nobody)
    .then(t, { note: { counterparty: null } });
});

test('a transfer that the bank recalls after the money was spent leaves the customer owing the rest', (t) => {
  const after = open().given(tell.credited(10_000n), tell.debited(7000n)).when(tell.recalled(10_000n));
  after.then(t, {
    rows: 'va 3000, va-owing 7000 / in-transit 10000',
    sends: ['OpenBreak -> break:reversal_exceeds_balance:acc/line-9'],
    state: { available: 0n, owing: 7000n },
    note: { kind: 'transfer_recalled', amount: '-10000', owing: '7000' },
  });
  t.like(after.state.transfers.map(transferOf), [{ status: 'recalled' }]);
  t.deepEqual(virtualAccount.figures?.(after.state), [
    { account: 'va-owing', currency: 'SAR', amount: 7000n },
    { account: 'outgoing', currency: 'SAR', amount: -7000n },
  ]);
});

test('a recall of money that is still there takes it, and marks the transfer it names', (t) => {
  const after = open()
    .given(tell.credited(1000n), tell.credited(2000n, { source: 'acc/line-2' }))
    .when(tell.recalled(1000n, { source: 'acc/line-1' }));
  after.then(t, { rows: 'va 1000 / in-transit 1000', sends: [], state: { available: 2000n } });
  t.like(after.state.transfers.map(transferOf), [{ status: 'recalled' }, { status: 'paid' }]);
});

test('transfers of a state under rules 1, which were objects, are read as the texts they are now', (t) => {
  const { state } = open().given(tell.credited(1000n), tell.credited(2000n, { source: 'acc/line-2' }));
  const former = { ...state, transfers: state.transfers.map(transferOf) };
  const wire = (value: unknown): unknown => JSON.parse(toJson(value));
  t.deepEqual(virtualAccountState.parse(wire(former)), state);
  t.deepEqual(virtualAccountState.parse(wire(state)), state);
});

test('a frozen account still gives back what it was credited', (t) => {
  open().given(tell.credited(1000n), tell.setStatus('frozen')).when(tell.recalled(1000n)).then(t, { rows: 'va 1000 / in-transit 1000' });
});

test('a recall of a credit that this account refused goes on to the break that holds it', (t) => {
  const source = { source: 'acc/line-1' };
  const frozen = open().given(tell.setStatus('frozen'), tell.credited(900n)).when(tell.recalled(900n, source));
  frozen.then(t, { rows: '', sends: ['RecallCredit -> break:inactive_account_credit:acc/line-1'] });
  t.like(frozen.sent[0], { body: { amount: '900', currency: 'SAR', source: 'acc/line-1' } });
  unopened()
    .when(tell.recalled(900n, source))
    .then(t, { sends: ['RecallCredit -> break:unattributed_credit:acc/line-1'] });
  open()
    .when(tell.recalled(900n, { ...source, currency: 'KWD' }))
    .then(t, { sends: ['RecallCredit -> break:currency_mismatch:acc/line-1'] });
});

test('case 7: a recall is a line of its own, and still finds the break that holds the refused credit it repeats; nobody owes for it', (t) => {
  for (const account of [unopened(), open().given(tell.setStatus('frozen')), open().given(tell.setStatus('retired'))]) {
    const reason = account.state.status === 'unopened' ? 'unattributed_credit' : 'inactive_account_credit';
    account.given(tell.credited(900n), tell.credited(900n, { source: 'acc/line-2' })).when(tell.recalled(900n));
    account.then(t, { rows: '', sends: [`RecallCredit -> break:${reason}:acc/line-2`], state: { owing: 0n } });
    t.is(account.sent[0]?.body.source, 'acc/line-9');
    account.when(tell.recalled(900n)).then(t, { sends: [`RecallCredit -> break:${reason}:acc/line-1`], state: { refused: [] } });
  }
});

test('a recall takes the newer of two like credits, whether it was booked or refused', (t) => {
  const [first, second] = [tell.credited(900n), tell.credited(900n, { source: 'acc/line-2' })];
  open()
    .given(first, tell.setStatus('frozen'), second)
    .when(tell.recalled(900n))
    .then(t, { rows: '', sends: ['RecallCredit -> break:inactive_account_credit:acc/line-2'] })
    .when(tell.recalled(900n))
    .then(t, { rows: 'va 900 / in-transit 900', sends: [] });
  const later = () => open().given(tell.setStatus('frozen'), first, tell.setStatus('active'), second);
  later().when(tell.recalled(900n)).then(t, { rows: 'va 900 / in-transit 900', sends: [] });
  later()
    .when(tell.recalled(900n, { source: 'acc/line-1' }))
    .then(t, { rows: '', sends: ['RecallCredit -> break:inactive_account_credit:acc/line-1'] });
  later()
    .when(tell.recalled(900n, { source: 'acc/line-2' }))
    .then(t, { rows: 'va 900 / in-transit 900' });
});

test('a recall in another currency finds the refused credit in that currency, never a booked one', (t) => {
  open()
    .given(tell.credited(900n, { source: 'acc/line-2', currency: 'KWD' }), tell.credited(900n))
    .when(tell.recalled(900n, { currency: 'KWD' }))
    .then(t, { rows: '', sends: ['RecallCredit -> break:currency_mismatch:acc/line-2'], state: { available: 900n } });
});

test('case 16: two equal transfers on one day are two credits', (t) => {
  open()
    .given(tell.credited(10_000n))
    .when(tell.credited(10_000n, { source: 'acc/line-2' }))
    .then(t, { rows: 'in-transit 10000 / va 10000', state: { available: 20_000n } });
});

test('a credit that was refused and then given by an operator is recalled from the balance', (t) => {
  open()
    .given(tell.setStatus('frozen'), tell.credited(900n), tell.setStatus('active'), tell.credited(900n))
    .when(tell.recalled(900n, { source: 'acc/line-1' }))
    .then(t, { rows: 'va 900 / in-transit 900' });
});

// ---- debits ------------------------------------------------------------------------------------------------------------------------

test('a wallet spends: va a / outgoing a, and its bank debit will find it by the reference', (t) => {
  const after = open().given(tell.credited(10_000n)).when(tell.debited(7000n));
  after.then(t, {
    rows: 'va 7000 / outgoing 7000',
    sends: ['Bind -> reference:anb:outgoing:0000000000000077'],
    answer: { reference: '0000000000000077', amount: 7000n, currency: 'SAR', available: 3000n, createdAt: T0 + 2000 },
    note: { kind: 'debit', amount: '-7000', available: '3000', description: 'Fund A' },
  });
  t.deepEqual(after.sent[0]?.body, { to: tell.SELF });
});

test('a debit is refused in the order of the rules', (t) => {
  const rich = () => open().given(tell.credited(10_000n));
  unopened().when(tell.debited(1n)).then(t, { code: 'wallet_not_found' });
  open()
    .given(tell.setStatus('retired'))
    .when(tell.debited(1n, { currency: 'KWD' }))
    .then(t, { code: 'account_retired' });
  rich()
    .given(tell.setStatus('frozen'))
    .when(tell.debited(1n, { currency: 'KWD' }))
    .then(t, { code: 'account_frozen' });
  rich()
    .when(tell.debited(0n, { currency: 'KWD' }))
    .then(t, { code: 'currency_mismatch' });
  rich().when(tell.debited(0n)).then(t, { code: 'amount_out_of_range' });
  rich()
    .when(tell.debited(AMOUNT_MAX + 1n))
    .then(t, { code: 'amount_out_of_range' });
  rich().given(tell.debited(1n)).when(tell.debited(20_000n)).then(t, { code: 'reference_already_used' });
  rich().given(tell.debited(1n), tell.outgoingSettled(1n)).when(tell.debited(1n)).then(t, { code: 'reference_already_used' });
  rich()
    .when(tell.debited(10_001n))
    .then(t, { code: 'insufficient_balance', answer: { available: 10_000n } });
});

test('a hundred outgoings may wait for the bank', (t) => {
  const many = Array.from({ length: OPEN_OUTGOINGS_MAX }, (_, n) => tell.debited(1n, { reference: `${n + 1}` }));
  open()
    .given(tell.credited(10_000n), ...many)
    .when(tell.debited(20_000n))
    .then(t, { code: 'too_many_open_outgoings' });
});

test('the bank debit of an outgoing, its fee folded in: outgoing a, platform-due k / in-transit a + k', (t) => {
  open()
    .given(tell.credited(10_000n), tell.debited(5000n))
    .when(tell.outgoingSettled(5345n))
    .then(t, {
      rows: 'outgoing 5000, platform-due 345 / in-transit 5345',
      state: { outgoings: [], settledOutgoings: [{ reference: '0000000000000077', left: 0n }] },
      note: { kind: 'debit_settled', amount: '-5000', available: '5000' },
    });
});

test('a bank debit smaller than its outgoing settles that much; the rest stays outgoing until it comes', (t) => {
  open()
    .given(tell.credited(10_000n), tell.debited(5000n), tell.debited(1n, { reference: '5' }))
    .when(tell.outgoingSettled(3000n))
    .then(t, { rows: 'outgoing 3000 / in-transit 3000', state: { outgoings: [{ left: 2000n }, { left: 1n }] } })
    .when(tell.outgoingSettled(2000n))
    .then(t, { rows: 'outgoing 2000 / in-transit 2000', state: { outgoings: [{ reference: '5' }] } });
});

test('a bank debit for no open outgoing, or in another currency, goes on to a break', (t) => {
  const after = open().when(tell.outgoingSettled(700n));
  after.then(t, { rows: '', sends: ['OpenBreak -> break:unexpected_debit:acc/line-5'] });
  t.like(after.sent[0]?.body, { money: 'debit', amount: '700' });
  open()
    .given(tell.credited(10_000n), tell.debited(5000n))
    .when(tell.outgoingSettled(700n, { currency: 'KWD' }))
    .then(t, { rows: '', sends: ['OpenBreak -> break:unexpected_debit:acc/line-5'] });
});

// ---- what messages carry -----------------------------------------------------------------------------------------------------------

test('money messages say what they carry; commands and status changes carry nothing', (t) => {
  const carried = (amount: bigint) => ({ currency: 'SAR', amount });
  t.deepEqual(virtualAccount.carries?.(tell.pending()), carried(10_000n));
  t.deepEqual(virtualAccount.carries?.(tell.credited(5n)), carried(5n));
  t.deepEqual(virtualAccount.carries?.(tell.reversed(5n)), carried(-5n));
  t.deepEqual(virtualAccount.carries?.(tell.recalled(5n)), carried(-5n));
  t.deepEqual(virtualAccount.carries?.(tell.outgoingSettled(5n)), carried(-5n));
  const others = [
    tell.opened(),
    tell.requested(),
    tell.statusChanged('failed'),
    tell.settled(5n),
    tell.debited(5n),
    tell.setStatus('frozen'),
  ];
  for (const message of others) t.is(virtualAccount.carries?.(message), null);
});
