import test from 'ava';
import { ControlError } from '../control/client.ts';
import { provider } from './testing/provider.ts';
import type { Meta, Payment, Settlement, SettlementLine } from './wire.ts';

test('a payment is voided before its settlement and never after it', async (t) => {
  const { control, call, invoice } = await provider(t);
  const one = await control.pay((await invoice()).id);
  const two = await control.pay((await invoice()).id);
  t.is((await call<Payment>(`POST /payments/${one.id}/void`)).body.status, 'voided');
  const { lines } = await control.settle();
  t.deepEqual(
    lines.map(({ payment_id }) => payment_id),
    [two.id],
  );
  t.is((await call(`POST /payments/${two.id}/void`)).status, 400);
  await t.throwsAsync(control.void(two.id), { instanceOf: ControlError });
});

test('a settlement sums its lines before the transfer fee and is announced with a transaction count', async (t) => {
  const { call, control, invoice, events } = await provider(t, { linesPageSize: 2 });
  const mada = await control.pay((await invoice()).id);
  const visa = await control.pay((await invoice({ amount: 50_000 })).id, { card: '4111111111111111' });
  const third = await control.pay((await invoice({ amount: 5_000 })).id);
  const { settlement, lines, expectedCredit, expectedCreditText } = await control.settle({ paymentIds: [mada.id, visa.id, third.id] });
  t.is(
    settlement.amount,
    lines.reduce((sum, { amount }) => sum + amount, 0),
  );
  t.is(settlement.amount, 9_770 + 48_304 + 4_827);
  t.is(settlement.fee, 46);
  t.is(settlement.tax, 6);
  t.is(expectedCredit, settlement.amount - 46);
  t.is(expectedCreditText, '628.55');
  t.is(settlement.reference, null);
  t.deepEqual((await call<Settlement>(`GET /settlements/${settlement.id}`)).body, settlement);
  t.deepEqual((await call<{ settlements: Settlement[] }>(`GET /settlements?id=${settlement.id}`)).body.settlements, [settlement]);
  const page = await call<{ lines: SettlementLine[]; meta: Meta }>(`GET /settlements/${settlement.id}/lines?page=2`);
  t.is(page.body.lines.length, 1);
  t.is(page.body.meta.prev_page, 1);
  const event = (await events()).find(({ type }) => type === 'balance_transferred');
  t.is(event?.data.transaction_count, 3);
  t.regex(event?.created_at ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
  const csv = await (await fetch(settlement.csv_list_url)).text();
  t.true(csv.includes(`${visa.id},Wallet top-up,visa,Credit Card,pay,SAR,500.00,483.04,14.75,2.21,16.96,`));
  await t.throwsAsync(control.settle(), { instanceOf: ControlError }, 'nothing waits any more');
});

test('a settlement can be wrong in every way that a provider gets it wrong', async (t) => {
  const { control, invoice, events } = await provider(t, { refundSign: 'negative' });
  const one = await control.pay((await invoice()).id);
  const two = await control.pay((await invoice()).id);
  const wrong = await control.settle({
    paymentIds: [one.id],
    amountDelta: -100,
    transferFee: 115,
    feeOverrides: { [one.id]: 250 },
    extraLines: [{ amount: 500, payment_amount: 500 }],
    currency: 'USD',
    lineCurrency: 'KWD',
    copies: 2,
  });
  t.is(wrong.settlement.amount, 9_750 + 500 - 100);
  t.is(wrong.settlement.tax, 15);
  t.is(wrong.settlement.currency, 'USD');
  t.deepEqual(
    wrong.lines.map(({ currency }) => currency),
    ['KWD', 'KWD'],
  );
  t.not(wrong.lines[1]?.payment_id, two.id);
  const sent = (await events()).filter(({ type }) => type === 'balance_transferred');
  t.is(sent.length, 2);
  t.is(sent[0]?.id, sent[1]?.id);
  await control.refund(one.id, { amount: 9_000 });
  await control.chargeback(two.id, { penalty: 2_000 });
  const negative = await control.settle({ paymentIds: [one.id], webhook: false });
  t.deepEqual(
    negative.lines.map(({ type, payment_amount }) => [type, payment_amount]),
    [['refund', -9_000]],
  );
  t.is(negative.expectedCredit, -9_115 - 46);
  const rest = await control.settle({ webhook: false });
  t.deepEqual(
    rest.lines.map(({ type, amount }) => [type, amount]),
    [
      ['payment', 9_770],
      ['chargeback', -10_000],
      ['chargeback_penalty', -2_000],
    ],
  );
  t.is((await events()).filter(({ type }) => type === 'balance_transferred').length, 2, 'the others were kept quiet');
  await control.announce(rest.settlement.id);
  await control.resendSettlement(rest.settlement.id);
  const told = (await events()).filter(({ data }) => data.id === rest.settlement.id);
  t.is(new Set(told.map(({ id }) => id)).size, 1);
  t.is(told.length, 2);
});

test('the provider can report another amount or currency than the invoice has', async (t) => {
  const { control, invoice } = await provider(t);
  const paid = await control.pay((await invoice()).id, { amount: 1, currency: 'KWD' });
  t.is(paid.amount_format, '0.001 KWD');
});
