import test from 'ava';
import type { ExecutionContext } from 'ava';
import { bankAccountMessages } from '../../actors/bank-account/messages.ts';
import type { FetchStatement } from '../../actors/bank-account/messages.ts';
import { Fault } from '../../engine/fault.ts';
import type { FakeAnbOptions } from '../../mocks/anb/state.ts';
import { ACCOUNT, bank as fakeBank, DAY, IBAN, NUMBER, OTHER } from '../../mocks/anb/testing/bank.ts';
import type { Fetch } from '../calls.ts';
import { createAnbEffects } from './effects.ts';

const CREDENTIALS = { clientId: 'mock-client', clientSecret: 'mock-secret', today: () => DAY };
const WANTED: FetchStatement = { account: ACCOUNT, from: DAY, to: DAY, offset: null, pageSize: 20 };

function runs(apiUrl: string, change: { fetch?: Fetch; clientSecret?: string } = {}) {
  const handler = createAnbEffects({ ...CREDENTIALS, apiUrl, ...change }).get('anb.fetch_statement');
  return async (wanted: Partial<FetchStatement> = {}, signal = new AbortController().signal) => {
    const body = { ...WANTED, ...wanted };
    const result = await handler?.run({ actor: `bank-account:${ACCOUNT}`, id: 'page-1', type: '', body, attempt: 1, trace: '' }, signal);
    if (result?.type !== 'StatementPageFetched') throw new Error('another answer');
    return bankAccountMessages.StatementPageFetched.parse(result.body);
  };
}
async function bank(test: ExecutionContext, options: FakeAnbOptions = {}) {
  const { server, control } = await fakeBank(test, options);
  return { url: server.url, control, run: runs(server.url) };
}

const fault = async (test: ExecutionContext, promise: Promise<unknown>) => {
  const error = await test.throwsAsync(promise, { instanceOf: Fault });
  return { code: error.code, retry: error.retry };
};

const answer = (body: unknown, status = 200) => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });

/** A token for whoever asks, and the given pages in order, the last for ever. */
function scripted(...pages: (Response | Error)[]) {
  const asked: string[] = [];
  const bearers: (string | undefined)[] = [];
  let tokens = 0;
  const fetch: Fetch = (url, init) => {
    if (url.endsWith('/accesstoken')) return Promise.resolve(answer({ access_token: `token-${++tokens}` }));
    asked.push(url);
    bearers.push((init.headers as Record<string, string>)['authorization']);
    const page = pages[Math.min(asked.length, pages.length) - 1];
    return page instanceof Response ? Promise.resolve(page.clone()) : Promise.reject(page ?? new Error('nothing to answer'));
  };
  return { asked, bearers, tokens: () => tokens, run: runs('https://bank.test/', { fetch }) };
}

/** A page as the bank writes it; `rows` are its transactions' texts, so that numbers stay as they are. */
function page(rows: readonly string[], change: Record<string, string> = {}): Response {
  const money = '{"amount":1000,"currencyCode":"SAR"}';
  const fields = {
    numberOfRecords: rows.length.toString(),
    completed: 'true',
    openingClrBalance: '{"amount":1000}',
    pageOpenBalance: money,
    closingBalance: money,
    statement: `{"transactions":[${rows.join(',')}]}`,
    ...change,
  };
  return answer(
    `{${Object.entries(fields)
      .map(([name, value]) => `"${name}":${value}`)
      .join(',')}}`,
  );
}
function row(change: Record<string, string> = {}): string {
  const fields = {
    postDate: '"2026-03-02"',
    postingTime: '"09:14:07"',
    valueDate: '"2026-03-03"',
    type: '"56"',
    amount: '{"amount":250,"currencyCode":"SAR"}',
    narrative: '{"narr1":"AHMED TEST SENDER","narr2":"123170000000017"}',
    refNum: '"SDC900001"',
    partTrnType: '"CREDIT"',
    partTrnSrlNum: '"2"',
    runningBalance: '{"amount":1250,"currencyCode":"SAR"}',
    samaNarr: '"AHMED TEST SENDER123170000000017"',
    ...change,
  };
  return `{${Object.entries(fields)
    .map(([name, value]) => `"${name}":${value}`)
    .join(',')}}`;
}

test('a transfer becomes a canonical line', async (test) => {
  const { control, run } = await bank(test);
  await control.transfer({
    to: IBAN,
    amount: '75.50',
    sender: 'SARA TEST SENDER',
    postDate: DAY,
    postingTime: '10:01:55',
    refNum: 'SDC900002',
  });
  const { today, opening, closing, next, lines } = await run();
  test.deepEqual([today, opening, closing, next], [DAY, 100000n, 107550n, null]);
  test.is(lines.length, 1);
  test.like(lines[0], {
    postDate: DAY,
    valueDate: DAY,
    postingTime: '10:01:55',
    reference: 'SDC900002',
    serial: '2',
    mark: 'C',
    amount: 7550n,
    currency: 'SAR',
    balance: 107550n,
    iban: null,
    party: 'SARA TEST SENDER',
    code: '17IPS',
  });
  test.deepEqual(lines[0]?.narratives.slice(0, 2), ['SARA TEST SENDER', NUMBER]);
});

test('the statement is read page by page with the cursor of the bank, spaces and all, and every page proves the next', async (test) => {
  const { control, run } = await bank(test);
  await control.bulk({ count: 45, numbers: [NUMBER], days: 3, lastDay: DAY, seed: 1 });
  const sizes: number[] = [];
  const seen = new Set<string>();
  let [offset, closing] = [null as string | null, 100000n];
  do {
    const fetched = await run({ from: '2026-02-28', to: null, offset });
    sizes.push(fetched.lines.length);
    test.is(fetched.opening, closing);
    test.is(fetched.lines.at(-1)?.balance, fetched.closing);
    for (const line of fetched.lines) seen.add(`${line.postDate}/${line.reference}/${line.serial}`);
    [offset, closing] = [fetched.next, fetched.closing];
  } while (offset !== null);
  test.deepEqual(sizes, [20, 20, 5]);
  test.is(seen.size, 45);
});

test('a cursor is sent as it is: spaces as %20', async (test) => {
  const { asked, run } = scripted(page([row()]));
  await run({ offset: '02-03-2026SDC900005      2   02-03-202613:00:4100000000-3494527.81', to: null, from: '2026-03-01', pageSize: 500 });
  test.deepEqual(asked, [
    'https://bank.test/v2/report/account/statement?accountNumber=0108000000010016&fromDate=2026-03-01&toDate=2026-03-02&max=500&type=JSON' +
      '&offset=02-03-2026SDC900005%20%20%20%20%20%202%20%20%2002-03-202613%3A00%3A4100000000-3494527.81',
  ]);
  const future = scripted(page([]));
  await future.run({ from: '2026-03-09', to: null });
  test.regex(future.asked[0] ?? '', /fromDate=2026-03-09&toDate=2026-03-09/);
});

test('an account without lines is at its end, although the bank never says so', async (test) => {
  const { run } = await bank(test);
  const { opening, closing, next, lines } = await run({ account: OTHER });
  test.deepEqual([opening, closing, next, lines], [0n, 0n, null, []]);
});

test('a page that promises more and names no way on is a fault, never the end', async (test) => {
  const open = { completed: 'false' };
  test.deepEqual(await fault(test, scripted(page([row()], open)).run()), { code: 'anb_malformed', retry: 'later' });
  const circle = scripted(page([row()], { ...open, offset: '"same"' }));
  test.deepEqual(await fault(test, circle.run({ offset: 'same' })), { code: 'anb_malformed', retry: 'later' });
  test.is((await scripted(page([row()], { ...open, offset: '"next"' })).run({ offset: 'same' })).next, 'next');
  test.deepEqual(await fault(test, scripted(page([row()], { numberOfRecords: '2' })).run()), { code: 'anb_malformed', retry: 'later' });
});

test('case 7: the mark follows type and sign: a negative credit is RC, a positive debit RD', async (test) => {
  const { control, run } = await bank(test);
  await control.transfer({ to: IBAN, amount: '10.00', postDate: DAY, refNum: 'IN' });
  await control.debit({ amount: '508.00', fee: '0.57', postDate: DAY, refNum: 'OUT' });
  await control.returned({ ofRefNum: 'OUT', postDate: DAY, refNum: 'BACK' });
  const fetched = await run();
  test.deepEqual(
    fetched.lines.map(({ reference, mark, amount, code, serial }) => [reference, mark, amount, code, serial]),
    [
      ['IN', 'C', 1000n, '17IPS', '2'],
      ['OUT', 'D', 50857n, '16IPI', '1'],
      ['BACK', 'C', 50800n, 'SJBB6', '2'],
    ],
  );
  test.is(fetched.lines[2]?.narratives[2], 'AC03');
  const minus = '{"amount":-250,"currencyCode":"SAR"}';
  const rows = [row({ amount: minus }), row({ partTrnType: '"DEBIT"' }), row({ partTrnType: '"DEBIT"', amount: minus })];
  const { lines } = await scripted(page(rows)).run();
  test.deepEqual(
    lines.map(({ mark, amount }) => [mark, amount]),
    [
      ['RC', 25000n],
      ['RD', 25000n],
      ['D', 25000n],
    ],
  );
});

test('amounts are read from their text: nothing of a large one is lost, nothing of a small one is rounded', async (test) => {
  const amounts: [string, bigint][] = [
    ['168367286668.95', 16836728666895n],
    ['9007199254740.99', 900719925474099n],
    ['0.1', 10n],
    ['75.50', 7550n],
    ['1.6E3', 160000n],
    ['-0', 0n],
  ];
  const rows = amounts.map(([amount]) => row({ amount: `{"amount":${amount},"currencyCode":"SAR"}` }));
  const { lines } = await scripted(page(rows)).run();
  test.deepEqual(
    lines.map(({ amount }) => amount),
    amounts.map(([, minor]) => minor),
  );
  for (const bad of ['0.105', '1e30', '99999999999999.99']) {
    const odd = scripted(page([row({ amount: `{"amount":${bad},"currencyCode":"SAR"}` })]));
    test.deepEqual(await fault(test, odd.run()), { code: 'anb_malformed', retry: 'later' }, bad);
  }
});

test('case 18: a currency has its own decimals: three of KWD, none of JPY', async (test) => {
  const money = (amount: string, currency: string) => row({ amount: `{"amount":${amount},"currencyCode":"${currency}"}` });
  const { lines } = await scripted(page([money('1.234', 'KWD'), money('500', 'JPY'), money('1.2', 'SAR')])).run();
  test.deepEqual(
    lines.map(({ amount, currency }) => [amount, currency]),
    [
      [1234n, 'KWD'],
      [500n, 'JPY'],
      [120n, 'SAR'],
    ],
  );
  test.deepEqual(await fault(test, scripted(page([money('0.5', 'JPY')])).run()), { code: 'anb_malformed', retry: 'later' });
  test.deepEqual(await fault(test, scripted(page([money('5', 'riyal')])).run()), { code: 'anb_malformed', retry: 'later' });
});

test('a sticky unique id is ignored, and what is missing is empty', async (test) => {
  const bare = row({
    narrative: '{"narr1":"A"}',
    runningBalance: 'null',
    postingTime: 'null',
    uniqueId: '"SDC202-03-2026   2"',
    partTrnSrlNum: '1',
  });
  const { lines } = await scripted(page([bare, row({ narrative: 'null' })])).run();
  test.like(lines[0], { narratives: ['A', '', ''], balance: null, postingTime: '', serial: '1', valueDate: '2026-03-03' });
  test.deepEqual(lines[1]?.narratives, ['', '', '']);
});

test('a reference with spaces, slashes or percent signs keeps its identity in the name of the line', async (test) => {
  const { lines } = await scripted(page([row({ refNum: '" FT 24/0193% "' }), row({ refNum: '"FT%2024"' })])).run();
  test.deepEqual(
    lines.map(({ reference }) => reference),
    ['FT%2024%2F0193%25', 'FT%252024'],
  );
});

test('the other side is named where the bank names it', async (test) => {
  const names = { orderingParty: '"MOYASAR FINANCIAL"', beneficiaryName: '"CORPORATE_NAME"', iban: '"I0116200123"' };
  const debit = { ...names, partTrnType: '"DEBIT"', amount: '{"amount":-1,"currencyCode":"SAR"}' };
  const { lines } = await scripted(page([row(names), row(debit)])).run();
  test.deepEqual(
    lines.map(({ party, iban }) => [party, iban]),
    [
      ['MOYASAR FINANCIAL', 'I0116200123'],
      ['CORPORATE_NAME', 'I0116200123'],
    ],
  );
});

test('one token serves until it is refused, then one new token and the call once more', async (test) => {
  const { control, url } = await bank(test, { tokenCalls: 2 });
  await control.bulk({ count: 100, numbers: [NUMBER], days: 1, lastDay: DAY, seed: 1 });
  const run = runs(url);
  let offset: string | null = null;
  let lines = 0;
  do {
    const fetched: Awaited<ReturnType<typeof run>> = await run({ offset });
    lines += fetched.lines.length;
    offset = fetched.next;
  } while (offset !== null);
  test.is(lines, 100);

  const refusals = scripted(answer({ error: { message: 'expired' } }, 401), page([row()]));
  await refusals.run();
  await refusals.run();
  test.deepEqual(refusals.bearers, ['Bearer token-1', 'Bearer token-2', 'Bearer token-2']);
  const always = scripted(answer({ error: { message: 'Invalid or expired token' } }, 401));
  test.deepEqual(await fault(test, always.run()), { code: 'anb_unauthorized', retry: 'never' });
  test.is(always.tokens(), 2);
});

test('calls at the same time share the token, and the new one', async (test) => {
  const first = scripted(page([row()]));
  await Promise.all([first.run(), first.run(), first.run()]);
  test.is(first.tokens(), 1);
  const expired = answer({ error: { message: 'expired' } }, 401);
  const both = scripted(expired, expired, page([row()]));
  await Promise.all([both.run(), both.run()]);
  test.is(both.tokens(), 2);
});

test('wrong credentials are refused for good, and asked for anew the next time', async (test) => {
  const { url } = await bank(test);
  const run = runs(url, { clientSecret: 'wrong' });
  test.deepEqual(await fault(test, run()), { code: 'anb_unauthorized', retry: 'never' });
  test.deepEqual(await fault(test, run()), { code: 'anb_unauthorized', retry: 'never' });
});

test('case 19: an error in the middle of paging is a fault that is tried again, not the end of the statement', async (test) => {
  const { control, run } = await bank(test);
  await control.bulk({ count: 25, numbers: [NUMBER], days: 1, lastDay: DAY, seed: 1 });
  const { next } = await run();
  await control.faults({ route: 'GET /v2/report/account/statement', kind: 'fail', status: 500, times: 1 });
  test.deepEqual(await fault(test, run({ offset: next })), { code: 'anb_unavailable', retry: 'later' });
  await control.faults({ route: 'GET /v2/report/account/statement', kind: 'malformed', times: 1 });
  test.deepEqual(await fault(test, run({ offset: next })), { code: 'anb_malformed', retry: 'later' });
  await control.faults({ route: 'GET /v2/report/account/statement', kind: 'drop', times: 1 });
  test.deepEqual(await fault(test, run({ offset: next })), { code: 'anb_unavailable', retry: 'later' });
  test.is((await run({ offset: next })).lines.length, 5);
});

test('both error shapes of the bank are read, and an unreadable one is shown', async (test) => {
  const says = async (body: unknown, status: number) => (await test.throwsAsync(scripted(answer(body, status)).run())).message;
  test.is(await says({ error: { message: 'Forbidden here' } }, 403), 'HTTP 403: Forbidden here');
  test.is(await says({ message: 'Invalid offset' }, 400), 'HTTP 400: Invalid offset');
  test.is(await says({ code: 'E620001' }, 500), 'HTTP 500: {"code":"E620001"}');
  test.is(await says('<html>', 502), 'HTTP 502: <html>');
  test.deepEqual(await fault(test, scripted(answer('null')).run()), { code: 'anb_malformed', retry: 'later' });
});

test('a token answer that holds no token is tried again', async (test) => {
  const run = runs('https://bank.test', { fetch: () => Promise.resolve(answer({ token: 'x' })) });
  test.deepEqual(await fault(test, run()), { code: 'anb_malformed', retry: 'later' });
});
