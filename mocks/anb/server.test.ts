import test from 'ava';
import { ControlError } from '../control/client.ts';
import { startReceiver } from '../control/receiver.ts';
import { ACCOUNT, DAY, IBAN, NUMBER, OTHER, bank, get, post, rows } from './testing/bank.ts';

test('a larger page can be configured for a bench', async (t) => {
  const { control, statement } = await bank(t, { pageSizeMax: 500 });
  await control.bulk({ count: 600, numbers: [NUMBER], lastDay: DAY });
  t.is((await statement({ max: '500' })).numberOfRecords, 500);
  t.is((await statement()).numberOfRecords, 20);
});

test('bulk transfers add up to their tally and are the same for the same seed', async (t) => {
  const one = await bank(t);
  const other = await bank(t, { seed: 99 });
  const request = {
    count: 5_000,
    numbers: ['123170000000001', '123170000000002'],
    days: 10,
    lastDay: DAY,
    amountFrom: '1.00',
    amountTo: '9.99',
    seed: 5,
  };
  const made = await one.control.bulk(request);
  t.deepEqual(await other.control.bulk(request), made);
  const halalas = Object.values(await one.control.tally()).reduce((sum, { total }) => sum + Math.round(Number(total) * 100), 0);
  t.is(halalas, Math.round(Number(made.total) * 100));
  t.is(await one.control.balance(), (1000 + Number(made.total)).toFixed(2));
  t.is(made.firstDay, '2026-02-21');
  t.is((await one.control.days()).length, 10);
});

test('a token is refused when it has expired, and in the middle of paging when its calls are used up', async (t) => {
  const { control, ask, token } = await bank(t, { tokenCalls: 1 });
  await control.transfer({ to: IBAN, amount: '1.00', postDate: DAY });
  const known = await token();
  t.is((await ask({}, known)).status, 200);
  t.deepEqual(await ask({}, known), { status: 401, text: '{"error":{"message":"Invalid or expired token"}}' });
  const fresh = await token();
  await control.expireTokens();
  t.is((await ask({}, fresh)).status, 401);
  const aged = await token();
  await control.clock(new Date(Date.now() + 3_600_000).toISOString());
  t.is((await ask({}, aged)).status, 401);
});

test('the two shapes of an error are told apart by who refuses', async (t) => {
  const { server, ask } = await bank(t);
  const url = `${server.url}/v1/b2b-auth/oauth/accesstoken`;
  t.deepEqual(await post(url, new URLSearchParams({ grant_type: 'client_credentials', client_id: 'x', client_secret: 'y' })), {
    status: 401,
    text: '{"error":{"message":"Invalid client credentials"}}',
  });
  t.deepEqual(await post(url, new URLSearchParams({ grant_type: 'password' })), {
    status: 400,
    text: '{"message":"Unsupported grant type"}',
  });
  t.is((await post(url, '{}', { 'content-type': 'application/json' })).status, 400);
  t.is((await ask({ fromDate: 'yesterday' })).status, 400);
  t.is((await ask({ fromDate: '2026-03-03' })).status, 400);
  t.is((await ask({ accountNumber: '9999999999999999' })).status, 404);
});

test('a 500 in the middle of paging is followed by the same page', async (t) => {
  const { control, statement, ask } = await bank(t);
  await control.bulk({ count: 30, numbers: [NUMBER], lastDay: DAY });
  await control.faults({ route: 'GET /v2/report/account/statement', kind: 'fail', status: 500, skip: 1, times: 1 });
  const { offset = '' } = await statement();
  t.deepEqual(await ask({ offset }), { status: 500, text: '{"message":"Internal server error"}' });
  t.is((await statement({ offset })).numberOfRecords, 10);
});

test('without a type the statement is MT942, and the end of day is MT940', async (t) => {
  const { control, ask, server, token } = await bank(t);
  await control.transfer({ to: IBAN, amount: '10.00', sender: 'أحمد', postDate: DAY, refNum: 'SDC1' });
  const intraday = (await ask({ type: 'MT942' })).text;
  t.true(intraday.includes(':90C:1SAR10,00'));
  const answer = await get(`${server.url}/v1/report/eod-statement?date=${DAY}&page=1&take=1`, await token());
  const { data } = JSON.parse(answer.text) as { data: { statement: string }[] };
  t.true(data[0]?.statement.includes(':60F:C260302SAR1000,00'));
  t.true(data[0]?.statement.includes(':62F:C260302SAR1010,00'));
  t.true(data[0]?.statement.includes(':86:????'));
  t.true(data[0]?.statement.includes(':25:SA5330400108000000010016'));
});

test('the balance is the one after the last row', async (t) => {
  const { control, server, token } = await bank(t);
  await control.row({ amount: '168367286668.95', postDate: DAY });
  const { text } = await get(`${server.url}/v1/report/account/balance?accountNumber=${ACCOUNT}`, await token());
  t.is(text, `{"accountNumber":"${ACCOUNT}","currency":"SAR","clearedBalance":168367287668.95}`);
});

test("today is the bank's own day, which begins three hours before UTC midnight", async (t) => {
  const { control } = await bank(t);
  await control.clock('2026-03-01T21:30:00Z');
  t.is((await control.transfer({ to: IBAN, amount: '1.00' })).postDate, DAY);
});

test('an outgoing payment books its debit once and refuses a used sequence number', async (t) => {
  const { control, server, token, statement } = await bank(t);
  const body = {
    sequenceNumber: '42',
    valueDate: '260302',
    currency: 'SAR',
    amount: '150',
    feeIncluded: true,
    orderingParty: 'COMPANY',
    debitAccount: ACCOUNT,
    destinationBankBIC: 'ARNBSARI',
    channel: 'SARIE',
    creditAccount: OTHER,
    beneficiaryName: 'SOMEBODY',
  };
  await control.clock(`${DAY}T09:00:00Z`);
  const send = async (change: object): Promise<{ status: number; text: string }> =>
    post(`${server.url}/v1/payment/json`, JSON.stringify({ ...body, ...change }), {
      'content-type': 'application/json',
      authorization: `Bearer ${await token()}`,
    });
  const first = await send({});
  t.is(first.status, 200, first.text);
  t.deepEqual(await send({}), { status: 400, text: '{"message":"Duplicate sequence number"}' });
  const { id } = JSON.parse(first.text) as { id: string };
  t.is((await get(`${server.url}/v1/payment/${id}`, await token())).text, first.text);
  const out = rows(await statement())[0];
  t.is(out?.amount.amount, -150);
  t.is(out?.narrative.narr3, '42');
  t.is(rows(await statement({ accountNumber: OTHER }))[0]?.amount.amount, 146.55);
  t.is((await send({ sequenceNumber: '43', channel: 'IPS', amount: '20000.01' })).status, 400);
});

test('a notification has type and payload and is tried four times more', async (t) => {
  const receiver = await startReceiver();
  t.teardown(() => receiver.close());
  receiver.answers.splice(0, 1, 500, 500, 500, 500, 500, 200);
  const { control } = await bank(t, { webhooks: [{ url: receiver.url }] });
  await control.transfer({ to: IBAN, amount: '1.00', postDate: DAY, notify: true });
  await control.flushWebhooks();
  for (let retry = 0; retry < 6; retry += 1) await control.hurryWebhooks();
  t.is(receiver.received.length, 5);
  t.is(receiver.received[4]?.text, `{"type":"statement.created","payload":{"accountNumber":"${ACCOUNT}","date":"${DAY}"}}`);
  await control.send('payment. completed', { any: 1 });
  await control.flushWebhooks();
  t.is(receiver.received[5]?.text, '{"type":"payment. completed","payload":{"any":1}}');
});

test('the control API lists its routes and refuses what it does not know', async (t) => {
  const { server, control } = await bank(t);
  const listed = (await (await fetch(`${server.url}/control`)).json()) as { routes: { path: string }[] };
  t.true(listed.routes.some(({ path }) => path === '/control/transfers'));
  await t.throwsAsync(control.transfer({ to: 'nobody', amount: '1.00' }), { instanceOf: ControlError });
  await t.throwsAsync(control.transfer({ to: IBAN, amount: '1.001' }), { instanceOf: ControlError });
  await t.throwsAsync(control.hide('SDC0'), { instanceOf: ControlError });
});
