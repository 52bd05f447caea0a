import test from 'ava';
import { ACCOUNT, DAY, IBAN, NUMBER, OTHER, bank, rows } from './testing/bank.ts';

test('an account without rows answers zero records, not completed, no offset and a null statement', async (t) => {
  const { ask } = await bank(t);
  const { text } = await ask({ accountNumber: OTHER });
  t.is(
    text,
    `{"accountNumber":"${OTHER}","fromDate":"${DAY}","toDate":"${DAY}","numberOfRecords":0,"completed":false,"broughtFrwdBalance":{"amount":0,"currencyCode":"SAR"},"openingClrBalance":{"amount":0},"pageOpenBalance":{"amount":0,"currencyCode":"SAR"},"closingBalance":{"amount":0,"currencyCode":"SAR"},"statement":null}`,
  );
});

test('a transfer shows the last 15 digits in narrative 2, in exactly the recorded shape', async (t) => {
  const { control, ask } = await bank(t);
  await control.transfer({
    to: IBAN,
    amount: '75.50',
    sender: 'SARA TEST SENDER',
    postDate: DAY,
    postingTime: '10:01:55',
    refNum: 'SDC900002',
  });
  const { text } = await ask();
  const id = /"narr3":"(\d{8}SANCBKNCBK1B\d{14})"/.exec(text)?.[1] ?? 'none';
  t.true(
    text.endsWith(
      `"statement":{"transactions":[{"postDate":"${DAY}","postingTime":"10:01:55","valueDate":"${DAY}","type":"56","amount":{"amount":75.5,"currencyCode":"SAR"},"narrative":{"narr1":"SARA TEST SENDER","narr2":"${NUMBER}","narr3":"${id}"},"refNum":"SDC900002","counter":"1","stmt":"Y","partTrnType":"CREDIT","partTrnSrlNum":"2","runningBalance":{"amount":1075.5,"currencyCode":"SAR"},"beneficiaryName":"CORPORATE_NAME","samaNarr":"SARA TEST SENDER${NUMBER}${id}","network":"01","channel":"ANB","prtclrsCode":"17IPS"}]}}`,
    ),
    text,
  );
});

test('the other shapes carry the whole IBAN in its field, or no number at all', async (t) => {
  const { control, statement } = await bank(t);
  await control.transfer({ to: NUMBER, amount: '1.00', postDate: DAY, shape: 'iban-field' });
  await control.transfer({ to: NUMBER, amount: '2.00', postDate: DAY, shape: 'none', withoutNarr3: true });
  const [first, second] = rows(await statement());
  t.is(first?.iban, IBAN);
  t.is(first?.narrative.narr3, 'BONU');
  t.is(second?.iban, undefined);
  t.is(second?.narrative.narr3, undefined);
  t.notRegex(JSON.stringify(second), new RegExp(NUMBER));
});

test('pages hold 20 rows unless configured, each closing where the next one opens', async (t) => {
  const { control, statement, server } = await bank(t);
  await control.bulk({ count: 45, numbers: [NUMBER], days: 3, lastDay: DAY, seed: 1 });
  const seen: string[] = [];
  let offset: string | undefined;
  let closing = 1000;
  for (const size of [20, 20, 5]) {
    const page = await statement({ fromDate: '2026-02-28', max: '100', ...(offset === undefined ? {} : { offset }) });
    t.is(page.numberOfRecords, size);
    t.is(page.pageOpenBalance.amount, closing);
    t.is(page.broughtFrwdBalance.amount, 1000);
    t.is(rows(page).at(-1)?.runningBalance.amount, page.closingBalance.amount);
    t.is(page.completed, size === 5);
    seen.push(...rows(page).map(({ refNum }) => refNum));
    offset = page.offset;
    closing = page.closingBalance.amount;
  }
  t.is(new Set(seen).size, 45);
  t.is((await statement({ fromDate: '2026-02-28', offset: offset ?? '' })).numberOfRecords, 0);
  t.is(server.state.ledger.days(ACCOUNT).length, 3);
});

test('the offset keeps its spaces and pads a negative balance as text', async (t) => {
  const { control, statement, ask } = await bank(t);
  await control.opening({ amount: '-3494627.81' });
  await control.row({
    amount: '100.00',
    postDate: DAY,
    postingTime: '02:06:00',
    calendarDate: '2026-03-03',
    refNum: 'SDC900008',
    srl: '1',
  });
  await control.row({ amount: '1.00', postDate: DAY });
  const { offset = '' } = await statement({ max: '1' });
  t.is(offset, '02-03-2026SDC900008      1   03-03-202602:06:0000000000-3494527.81');
  t.is((await statement({ offset })).numberOfRecords, 1);
  const trimmed = await ask({ offset: offset.replaceAll(' ', '') });
  t.deepEqual(trimmed, { status: 400, text: '{"message":"Invalid offset"}' });
});

test('a unique id sticks to every row after a returned one, over pages and days', async (t) => {
  const { control, statement } = await bank(t);
  await control.debit({ amount: '100.00', fee: '0.57', postDate: DAY, refNum: 'SDC1' });
  await control.returned({ ofRefNum: 'SDC1', amount: '100.00', postDate: DAY, refNum: 'SDC2' });
  await control.transfer({ to: IBAN, amount: '5.00', postDate: DAY });
  await control.transfer({ to: IBAN, amount: '6.00', postDate: '2026-03-03' });
  const ids = rows(await statement({ toDate: '2026-03-03' })).map(({ uniqueId }) => uniqueId);
  const id = 'SDC202-03-2026   2';
  t.deepEqual(ids, [undefined, id, id, id]);
});

test('the fee is folded into a debit and a return brings back the principal alone', async (t) => {
  const { control, statement } = await bank(t);
  await control.debit({ amount: '508.00', fee: '0.57', postDate: DAY, refNum: 'SDC1', text: 'هدايا وجوائز' });
  await control.returned({ ofRefNum: 'SDC1', postDate: DAY });
  const [out, back] = rows(await statement());
  t.like(out, { amount: { amount: -508.57 }, partTrnSrlNum: '1', narrative: { narr1: 'BT00010001-هدايا وجوائز' } });
  t.like(back, { amount: { amount: 508 }, narrative: { narr2: 'BT00010001', narr3: 'AC03' }, category: '000SJ' });
  t.regex(back?.narrative.narr1 ?? '', /^20260302SAARNB/);
  t.regex(back?.iban ?? '', /^I01/);
});

test('an amount beyond what a float adds exactly is written digit by digit', async (t) => {
  const { control, ask } = await bank(t);
  await control.row({ amount: '168367286668.95', postDate: DAY });
  await control.row({ amount: '0.10', postDate: DAY });
  const { text } = await ask();
  t.true(text.includes('"amount":{"amount":168367286668.95,'));
  t.true(text.includes('"runningBalance":{"amount":168367287669.05,'));
  t.true(text.includes('"amount":{"amount":0.1,'));
  await control.row({ amount: '-900719925474099.99', postDate: DAY });
  t.true((await ask()).text.includes('"amount":{"amount":-900719925474099.99,'));
});

test('posting times are not in order and a row may be posted on another day than it happened', async (t) => {
  const { control, statement } = await bank(t);
  await control.transfer({ to: IBAN, amount: '1.00', postDate: DAY, postingTime: '22:08:00' });
  await control.transfer({ to: IBAN, amount: '2.00', postDate: DAY, calendarDate: '2026-03-03', postingTime: '02:05:00' });
  await control.transfer({ to: IBAN, amount: '3.00', postDate: DAY, calendarDate: '2026-03-01', postingTime: '09:00:00' });
  const listed = rows(await statement());
  t.deepEqual(
    listed.map(({ postingTime }) => postingTime),
    ['22:08:00', '02:05:00', '09:00:00'],
  );
  t.regex(listed[1]?.narrative.narr3 ?? '', /^20260303/);
  t.regex(listed[2]?.narrative.narr3 ?? '', /^20260301/);
});

test('one reference has two legs, and both are in one list when the account is the same', async (t) => {
  const { control, statement } = await bank(t);
  const legs = await control.twoLegs({ amount: '10.00', toAccount: ACCOUNT, postDate: DAY });
  await control.twoLegs({ amount: '20.00', toAccount: OTHER, postDate: DAY });
  const listed = rows(await statement());
  t.is(legs.debit.refNum, legs.credit.refNum);
  t.deepEqual(
    listed.map(({ partTrnSrlNum }) => partTrnSrlNum),
    ['1', '2', '1'],
  );
  t.is(rows(await statement({ accountNumber: OTHER }))[0]?.partTrnType, 'CREDIT');
});

test('a hidden row is a gap in the running balance, and heals when it is revealed', async (t) => {
  const { control, statement } = await bank(t);
  for (const refNum of ['SDC1', 'SDC2', 'SDC3']) await control.transfer({ to: IBAN, amount: '10.00', postDate: DAY, refNum });
  await control.hide('SDC2');
  const gap = rows(await statement());
  t.deepEqual(
    gap.map(({ runningBalance }) => runningBalance.amount),
    [1010, 1030],
  );
  await control.reveal('SDC2');
  const healed = rows(await statement());
  t.deepEqual(
    healed.map(({ runningBalance }) => runningBalance.amount),
    [1010, 1020, 1030],
  );
});

test('a late posting moves the balances of the days after it', async (t) => {
  const { control, statement } = await bank(t);
  await control.transfer({ to: IBAN, amount: '10.00', postDate: '2026-03-03', refNum: 'SDC1' });
  await control.transfer({ to: IBAN, amount: '5.00', postDate: DAY, refNum: 'SDC2' });
  const next = await statement({ fromDate: '2026-03-03', toDate: '2026-03-03' });
  t.is(next.broughtFrwdBalance.amount, 1005);
  t.is(next.closingBalance.amount, 1015);
  await control.move('SDC2', '2026-03-03');
  t.is((await statement({ fromDate: '2026-03-03', toDate: '2026-03-03' })).broughtFrwdBalance.amount, 1000);
  t.deepEqual(await control.days(), [
    { date: DAY, rows: 0, opening: '1000.00', closing: '1000.00' },
    { date: '2026-03-03', rows: 2, opening: '1000.00', closing: '1015.00' },
  ]);
});

test('a reversal is the same row with the other sign', async (t) => {
  const { control, statement } = await bank(t);
  await control.transfer({ to: IBAN, amount: '10.00', postDate: DAY, refNum: 'SDC1' });
  await control.reverse({ ofRefNum: 'SDC1', postDate: DAY });
  await control.transfer({ to: IBAN, amount: '20.00', postDate: DAY, refNum: 'SDC2' });
  await control.reverse({ ofRefNum: 'SDC2', postDate: DAY, sameReference: true });
  const [credit, recall, , same] = rows(await statement());
  t.is(recall?.amount.amount, -10);
  t.is(recall?.narrative.narr2, NUMBER);
  t.not(recall?.refNum, credit?.refNum);
  t.is(recall?.partTrnType, 'DEBIT');
  t.is(same?.refNum, 'SDC2');
  t.is(same?.partTrnSrlNum, '1');
  t.deepEqual(await control.tally(), { [NUMBER]: { count: 4, total: '0.00' } });
});

test('a row can change its content under the same key', async (t) => {
  const { control, statement } = await bank(t);
  await control.transfer({ to: IBAN, amount: '10.00', postDate: DAY, refNum: 'SDC1' });
  await control.transfer({ to: IBAN, amount: '1.00', postDate: DAY });
  await control.change('SDC1', { amount: '11.00', narr1: 'SOMEBODY ELSE' });
  const listed = rows(await statement());
  t.deepEqual(
    listed.map(({ runningBalance }) => runningBalance.amount),
    [1011, 1012],
  );
  t.is(listed[0]?.narrative.narr1, 'SOMEBODY ELSE');
});

test('a payout of the card provider is one credit with its narrative', async (t) => {
  const { control, statement } = await bank(t);
  await control.payout({ amount: '529.13', postDate: DAY });
  const [credit] = rows(await statement());
  t.deepEqual(Object.values(credit?.narrative ?? {}).slice(0, 2), ['MOYASAR SETTLEMENT', 'TEST MERCHANT']);
  t.is(credit?.amount.amount, 529.13);
});
