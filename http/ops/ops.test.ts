import test from 'ava';
import type { ExecutionContext } from 'ava';
import { ACCOUNT, CONFIG, lineOf } from '../../actors/bank-account/testing/statement.ts';
import type { StatementLine } from '../../actors/statement-line.ts';
import { call, refused, until } from '../testing/served.ts';
import type { Got } from '../testing/served.ts';
import { run } from '../testing/system.ts';
import type { Running } from '../testing/system.ts';

const BANK = `bank-account:${ACCOUNT}` as const;
const DAY = '2026-11-20';

type Json = Readonly<Record<string, unknown>>;

function itemsOf(got: Got): readonly Json[] {
  return got.json['items'] as readonly Json[];
}

function get({ url, operator }: Running, path: string): Promise<Got> {
  return call(`${url}/ops/v1${path}`, { as: operator });
}

function post({ url, operator }: Running, path: string, { key = 'k1', body = {} }: { key?: string; body?: unknown } = {}): Promise<Got> {
  return call(`${url}/ops/v1${path}`, { as: operator, key, body, method: 'POST' });
}

/** The bank's statement with these lines is read. */
async function withLines(t: ExecutionContext, lines: readonly StatementLine[]): Promise<Running> {
  const running = await run(t);
  await running.say(BANK, 'OpenBankAccount', { ...CONFIG, pullEveryMs: 3_600_000 });
  const closing = lines.reduce((sum, line) => sum + line.amount, 0n);
  await running.say(BANK, 'StatementPageFetched', { effect: 'page-1', today: DAY, opening: 0n, closing, next: null, lines });
  await until(async () => (await get(running, `/statements/${DAY}`)).status === 200);
  return running;
}

const STRAY = lineOf({ reference: 'R1', narratives: ['SOMEBODY', '', ''], amount: 12_050n });

/** A credit that nobody can be named for, and where its break is. */
async function withBreak(t: ExecutionContext): Promise<Running & { readonly path: string; readonly id: string }> {
  const running = await withLines(t, [STRAY]);
  await until(async () => itemsOf(await get(running, '/breaks')).length > 0);
  const [listed] = itemsOf(await get(running, '/breaks'));
  const href = String(listed?.['href']);
  return { ...running, id: String(listed?.['id']), path: href.replace('/ops/v1', '') };
}

test.serial('the days of the statement are listed newest first, with how the reading stands', async (t) => {
  const next = lineOf({ reference: 'R2', postDate: '2026-11-21' });
  const running = await withLines(t, [STRAY, next]);
  const all = await get(running, '/statements');
  t.is(all.status, 200);
  t.like(all.json, { account: ACCOUNT, currency: 'SAR', today: DAY, reading: false, flaw: null, lastError: null });
  t.deepEqual(
    itemsOf(all).map((day) => [day['date'], day['opening'], day['closing'], day['lines']]),
    [
      ['2026-11-21', '120.50', '220.50', 1],
      [DAY, '0.00', '120.50', 1],
    ],
  );
  const first = await get(running, '/statements?limit=1');
  t.is(itemsOf(first).length, 1);
  const second = await get(running, `/statements?limit=1&cursor=${String(first.json['next'])}`);
  t.is(itemsOf(second)[0]?.['date'], DAY);
  t.is(second.json['next'], null);
  refused(t, await get(running, '/statements?cursor=abc'), [400, 'bad_cursor']);
  t.like((await get(running, `/statements/${DAY}`)).json, { date: DAY, closing: '120.50', lines: 1, status: 'open' });
});

test.serial('a day without a statement is not found, and a date that is none is refused', async (t) => {
  const running = await withLines(t, [STRAY]);
  refused(t, await get(running, '/statements/2026-11-19'), [404, 'statement_not_found']);
  for (const date of ['yesterday', '2026-13-01', '2026-02-30T00'])
    refused(t, await get(running, `/statements/${date}`), [400, 'invalid_request']);
});

test.serial(
  'a pull is decided by the account, the same key is answered the same, and before the account is open it is refused',
  async (t) => {
    const running = await run(t);
    refused(t, await post(running, '/statements/pull'), [409, 'bank_account_not_open']);
    refused(t, await get(running, '/statements'), [409, 'bank_account_not_open']);
    await running.say(BANK, 'OpenBankAccount', CONFIG);
    const pulled = await post(running, '/statements/pull', { key: 'k2', body: { date: DAY } });
    t.is(pulled.status, 202);
    t.deepEqual(pulled.json, { account: ACCOUNT, pull: 'remembered' });
    t.deepEqual((await post(running, '/statements/pull', { key: 'k2', body: { date: DAY } })).json, pulled.json);
    refused(t, await post(running, '/statements/pull', { key: 'k2', body: {} }), [422, 'idempotency_key_reused']);
    refused(t, await post(running, '/statements/pull', { key: 'k3', body: { date: '20-11-2026' } }), [400, 'invalid_request']);
  },
);

test.serial('a break is listed, looked at, assigned, commented and given to a wallet, once', async (t) => {
  const running = await withBreak(t);
  const { path, id } = running;
  t.true(id.startsWith('unattributed_credit:'));
  const seen = await get(running, path);
  t.like(seen.json, { id, status: 'open', amount: '120.50', held: '120.50', currency: 'SAR', assignee: null });
  t.like((await post(running, `${path}/assign`, { body: { assignee: 'nora' } })).json, {
    id,
    status: 'open',
    assignee: 'nora',
    held: '120.50',
  });
  t.is((await post(running, `${path}/comments`, { body: { text: 'Asked the bank.' } })).status, 200);
  const wallet = String((await call(`${running.url}/v1/wallets`, { as: running.alice, key: 'w', body: {} })).json['id']);
  const body = { resolution: 'assign_to_wallet', wallet, reason: 'The customer called.' };
  const resolved = await post(running, `${path}/resolve`, { key: 'r1', body });
  t.is(resolved.status, 200, resolved.text);
  t.like(resolved.json, { id, status: 'resolved', held: '0.00' });
  const again = await post(running, `${path}/resolve`, { key: 'r1', body });
  t.deepEqual({ ...again.json, asOf: '' }, { ...resolved.json, asOf: '' });
  refused(t, await post(running, `${path}/resolve`, { key: 'r1', body: { ...body, reason: 'Another.' } }), [422, 'idempotency_key_reused']);
  refused(t, await post(running, `${path}/resolve`, { key: 'r2', body }), [409, 'break_already_resolved']);
  const after = await get(running, path);
  t.like(after.json, { status: 'resolved', resolution: { resolution: 'assign_to_wallet', reason: 'The customer called.', by: 'olga' } });
  t.is((after.json['comments'] as readonly Json[])[0]?.['by'], 'olga');
  const home = `/wallets/${wallet}`;
  await until(async () => ((await get(running, home)).json['available'] as Json)['amount'] === '120.50');
});

test.serial('what a break refuses comes back as its code, and what it cannot mean is refused before', async (t) => {
  const running = await withBreak(t);
  const { path } = running;
  const give = (key: string, body: unknown) => post(running, `${path}/resolve`, { key, body });
  refused(t, await give('1', { resolution: 'close', reason: 'Too small.' }), [409, 'money_waits']);
  refused(t, await give('2', { resolution: 'assign_to_wallet', reason: 'No wallet named.' }), [422, 'wallet_required']);
  refused(t, await give('3', { resolution: 'assign_to_wallet', wallet: '12', reason: 'A wallet that is none.' }), [400, 'invalid_request']);
  const nobodys = { resolution: 'assign_to_wallet', wallet: '123170000000999', reason: 'A number that nobody has.' };
  refused(t, await give('6', nobodys), [422, 'wallet_not_found']);
  refused(t, await give('4', { resolution: 'write_off', reason: 'Not offered.' }), [400, 'invalid_request']);
  refused(t, await give('5', { resolution: 'close', reason: ' ' }), [400, 'invalid_request']);
});

test.serial('breaks are filtered by status and reason, page by page', async (t) => {
  const strays = ['R1', 'R2', 'R3'].map((reference) => ({ ...STRAY, reference }));
  const running = await withLines(t, strays);
  await until(async () => itemsOf(await get(running, '/breaks')).length === strays.length);
  const first = await get(running, '/breaks?limit=2&status=open&reason=unattributed_credit');
  t.is(itemsOf(first).length, 2);
  t.is(first.json['mayLagMs'], 10_000);
  const second = await get(running, `/breaks?limit=2&cursor=${String(first.json['next'])}`);
  const ids = [...itemsOf(first), ...itemsOf(second)].map((item) => item['id']);
  t.is(new Set(ids).size, strays.length);
  t.is(second.json['next'], null);
  t.deepEqual(itemsOf(await get(running, '/breaks?status=resolved')), []);
  t.deepEqual(itemsOf(await get(running, '/breaks?reason=chargeback')), []);
  refused(t, await get(running, '/breaks?reason=whatever'), [400, 'invalid_request']);
  for (const cursor of ['abc', Buffer.from('["x","y"]').toString('base64url'), '%2B']) {
    refused(t, await get(running, `/breaks?cursor=${cursor}`), [400, 'bad_cursor']);
  }
});

test.serial('nobody can write to a break, wallet or day that was never opened: not even its mailbox begins', async (t) => {
  const running = await run(t);
  const path = `/breaks/${encodeURIComponent('chargeback:made/up')}`;
  refused(t, await get(running, path), [404, 'break_not_found']);
  refused(t, await post(running, `${path}/assign`, { body: { assignee: 'nora' } }), [404, 'break_not_found']);
  refused(t, await get(running, '/breaks/whatever'), [404, 'break_not_found']);
  const debit = { amount: '1.00', currency: 'SAR', purpose: 'Shares' };
  refused(t, await post(running, '/wallets/123170000000099/debits', { body: debit }), [404, 'wallet_not_found']);
  refused(t, await post(running, '/wallets/x/status', { body: { status: 'frozen', reason: 'Why not.' } }), [404, 'wallet_not_found']);
  t.is(mailboxes(running), 0);
});

function mailboxes({ ports }: Running): number {
  return [...ports.store.shards.values()].reduce((sum, shard) => sum + shard.mailboxes.size, 0);
}

test.serial('a settlement that was announced is listed and looked at; another one is not found until it is fetched by hand', async (t) => {
  const running = await run(t);
  refused(t, await get(running, '/settlements/doc-1'), [404, 'settlement_not_found']);
  const fetched = await post(running, '/settlements/doc-1/fetch');
  t.is(fetched.status, 202);
  t.deepEqual(fetched.json, { status: 'announced' });
  t.like((await get(running, '/settlements/doc-1')).json, {
    document: 'doc-1',
    status: 'announced',
    amount: null,
    pages: [],
    account: ACCOUNT,
  });
  await until(async () => itemsOf(await get(running, '/settlements?status=announced')).length === 1);
  t.deepEqual(itemsOf(await get(running, '/settlements?status=settled')), []);
  refused(t, await get(running, '/settlements/a%20b'), [400, 'invalid_request']);
});

test.serial('the position is proven to zero, day by day, while one that moves money is counted', async (t) => {
  const running = await withBreak(t);
  const all = await get(running, '/position');
  t.is(all.status, 200);
  t.like(all.json, { proven: true, still: true, identity: { SAR: '0.00' }, difference: { SAR: '0.00' }, broken: [] });
  const bank = (all.json['classes'] as readonly Json[]).find((line) => line['account'] === 'bank');
  t.like(bank, { ledger: '120.50', independent: '120.50', difference: '0.00' });
  t.is((all.json['days'] as readonly Json[]).length, 1);
  t.deepEqual((await get(running, '/position?date=2026-11-19')).json['days'], []);
  refused(t, await get(running, '/position?date=today'), [400, 'invalid_request']);
});

test.serial('an actor is inspected by its encoded id; one that nobody wrote to, or of no kind, is not found', async (t) => {
  const running = await withBreak(t);
  const seen = await get(running, `/actors/${encodeURIComponent(`break:${running.id}`)}`);
  t.is(seen.status, 200);
  t.like(seen.json, { actor: `break:${running.id}`, state: { held: '12050' } });
  refused(t, await get(running, '/actors/break:unattributed_credit:nothing'), [404, 'actor_not_found']);
  refused(t, await get(running, '/actors/unicorn:1'), [404, 'unknown_kind']);
  refused(t, await get(running, '/actors/nocolon'), [400, 'invalid_request']);
});

test.serial('a parked actor is listed, resumed, and its entry left out; commands to it say that it waits', async (t) => {
  const running = await run(t);
  const actor = `settlement:moyasar:doc-1` as const;
  await running.say(actor, 'NoSuchMessage', {});
  await until(async () => itemsOf(await get(running, '/actors/parked')).length === 1);
  const [parked] = itemsOf(await get(running, '/actors/parked'));
  t.is(parked?.['actor'], actor);
  refused(t, await post(running, '/settlements/doc-1/fetch'), [503, 'actor_parked']);
  const path = `/actors/${encodeURIComponent(actor)}`;
  t.like((await get(running, path)).json, { tip: null, lag: 2, parked: { entry: parked?.['entry'] } });
  t.deepEqual((await post(running, `${path}/resume`, { key: 'r1' })).json, { actor, done: 'resumed' });
  await until(async () => itemsOf(await get(running, '/actors/parked')).length === 1);
  refused(t, await post(running, `${path}/skip`, { body: { why: '' } }), [400, 'invalid_request']);
  refused(t, await post(running, `${path}/skip`, { body: { why: 'x', entry: 'first' } }), [400, 'invalid_request']);
  refused(t, await post(running, `${path}/skip`, { body: { why: 'x', entry: '1-1' } }), [409, 'entry_not_parked']);
  t.deepEqual((await post(running, `${path}/skip`, { body: { why: 'Not one of ours.' } })).json, { actor, done: 'skipped' });
  const letters = itemsOf(await get(running, '/dead-letters'));
  t.like(letters[0], { actor, entry: parked?.['entry'], type: 'NoSuchMessage', by: 'olga', why: 'Not one of ours.' });
  refused(t, await post(running, `${path}/skip`, { body: { why: 'Again.' } }), [409, 'actor_not_parked']);
  refused(t, await post(running, `${path}/resume`, { key: 'r2' }), [409, 'actor_not_parked']);
  // The command that waited behind it is decided now.
  await until(async () => (await get(running, '/settlements/doc-1')).json['status'] === 'announced');
});

test.serial('every address of operators is closed to clients and to nobody’s tokens', async (t) => {
  const { url, alice } = await run(t, { worker: false });
  const document = (await call(`${url}/openapi.json`)).json;
  const paths = Object.entries(document['paths'] as Readonly<Record<string, Json>>).filter(([path]) => path.startsWith('/ops/'));
  t.true(paths.length > 15);
  for (const [path, item] of paths) {
    for (const method of Object.keys(item)) {
      const address = `${url}${path.replaceAll(/\{\w+\}/g, 'x')}`;
      refused(t, await call(address, { method: method.toUpperCase() }), [401, 'token_missing']);
      refused(t, await call(address, { method: method.toUpperCase(), as: alice }), [403, 'scope_missing']);
    }
  }
});
