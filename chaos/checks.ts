/**
 * The reconciliation after a round, to the halala.
 *
 * V1  Every promise is found, and every request repeated with its key has the one effect it had.
 * V2  Every wallet shows what the client's ledger says: balances, and each transaction once.
 * V3  Every promised top-up has its invoice at the provider, and the provider has no other.
 * V4  The books agree with the bank and the provider: difference zero, chains and totals recomputed, nothing parked, nobody's money in a break.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { audit } from '../engine/audit.ts';
import type { Random } from '../mocks/control/random.ts';
import { provePosition } from '../proof/position.ts';
import type { Position } from '../proof/position.ts';
import { ask, isAnswer, note } from './client.ts';
import { wrongInvoices } from './invoices.ts';
import { difference, expectedOf, halalasOf, isPromised } from './ledger.ts';
import type { Command, Ledger, Wallet } from './ledger.ts';
import { at, request } from './requests.ts';
import type { Part, Outside } from './stage.ts';
import { walk } from './walk.ts';
import type { Walked } from './walk.ts';
import { added, failed, inParts, isClean } from './verdict.ts';
import type { Judging, Verdict } from './verdict.ts';

const LOOK_MS = 500;
const CURRENCY = 'SAR';
const FOUND_MS_MAX = 60_000;
const ITEMS_PER_PAGE = 100;
/** Of those that have ended, a wallet lists as many. */
const ENDED_LISTED = 50;

/** The provider settles what waits, and the bank credits it. A payment that it says is in another currency is paid out elsewhere. */
export async function settleAll({ moyasar, bank }: Outside): Promise<void> {
  const due = (await moyasar.payments()).filter(
    ({ status, settledIn, currency }) => status === 'paid' && settledIn === null && currency === CURRENCY,
  );
  if (due.length === 0) return;
  const { expectedCreditText } = await moyasar.settle({ paymentIds: due.map(({ id }) => id) });
  await bank.payout({ amount: expectedCreditText, notify: true });
}

/** Looks until everything is as the ledger says, or the time is over; the last verdict. */
export async function atRest(judging: Judging, ms: number): Promise<Verdict> {
  const deadline = performance.now() + ms;
  for (;;) {
    const verdict = await judge(judging).catch(failed);
    if (isClean(verdict) || performance.now() > deadline) return verdict;
    await sleep(LOOK_MS);
  }
}

async function judge(judging: Judging): Promise<Verdict> {
  const effects = added([
    await wrongWallets(judging),
    await wrongOwners(judging),
    await parkedActors(judging),
    await wrongInvoices(judging),
  ]);
  if (!isClean(effects)) return effects; // still under way, most likely: the books are walked when these agree
  return added([effects, await wrongBooks(judging)]);
}

/** V2 */
async function wrongWallets(judging: Judging): Promise<Verdict> {
  return added(await inParts(judging.ledger.wallets, (wallet) => wrongWallet(wallet, judging)));
}

async function wrongWallet(wallet: Wallet, { stage, ledger, random }: Judging): Promise<Verdict> {
  const url = `${urlOf(stage.of('gateway'), random)}/v1/wallets/${wallet.id}`;
  const { status, body } = await request({ url, as: wallet.owner });
  if (status !== 200) return { lost: status === 404 ? 1 : 0, doubled: 0, wrong: [`wallet ${wallet.id} answers ${String(status)}`] };
  const expected = expectedOf(ledger, wallet);
  const seen = await transactionsOf(url, wallet.owner);
  const counts = (['transfer', 'top_up', 'debit'] as const).map((kind) => difference(expected.amounts[kind], seen.get(kind) ?? []));
  counts.push(listed(promisedIds(ledger, wallet), await topUpsOf(url, wallet.owner)));
  const [available, pending] = [at(body, 'available', 'amount'), at(body, 'pending', 'amount')];
  const isRight = halalasOf(available) === expected.available && halalasOf(pending) === expected.pending;
  return {
    lost: counts.reduce((sum, { lost }) => sum + lost, 0),
    doubled: counts.reduce((sum, { doubled }) => sum + doubled, 0),
    wrong: isRight ? [] : [`wallet ${wallet.id} has ${available} and ${pending} pending, not ${String(expected.available)} halalas`],
  };
}

function promisedIds({ commands }: Ledger, wallet: Wallet): string[] {
  return commands
    .filter((one) => one.kind === 'top_up' && one.wallet?.id === wallet.id && isPromised(one))
    .map(({ answer }) => answer?.id ?? '');
}

/** Ids of the top-ups that the wallet lists. */
async function topUpsOf(wallet: string, owner: string): Promise<string[]> {
  const items = await allOf(`${wallet}/fund-requests`, owner);
  return items.filter((item) => at(item, 'kind') === 'top_up').map((item) => at(item, 'id'));
}

/** Nobody else's are listed, and all that were promised, or the last ones of very many: that each is there was asked before. */
export function listed(promised: readonly string[], seen: readonly string[]): ReturnType<typeof difference> {
  const { lost, doubled } = difference(promised, seen);
  return { lost: Math.min(lost, Math.max(0, ENDED_LISTED - seen.length)), doubled };
}

/** Every owner has the wallets that were asked for, and no other. */
async function wrongOwners({ ledger, stage }: Judging): Promise<Verdict> {
  const owners = [...new Set(ledger.wallets.map(({ owner }) => owner))];
  return added(
    await inParts(owners, async (owner) => {
      const { status, body } = await request({ url: `${stage.of('gateway')[0]?.url ?? ''}/v1/wallets?limit=100`, as: owner });
      if (status !== 200) throw new Error(`the wallets of ${owner} are answered ${String(status)}`);
      const wanted = ledger.wallets.filter((wallet) => wallet.owner === owner).map(({ id }) => id);
      return {
        ...difference(
          wanted,
          itemsOf(body).map((item) => at(item, 'id')),
        ),
        wrong: [],
      };
    }),
  );
}

/** Amounts by kind of transaction. */
async function transactionsOf(wallet: string, owner: string): Promise<ReadonlyMap<string, bigint[]>> {
  const seen = new Map<string, bigint[]>();
  for (const item of await allOf(`${wallet}/transactions`, owner))
    seen.set(at(item, 'kind'), [...(seen.get(at(item, 'kind')) ?? []), halalasOf(at(item, 'amount'))]);
  return seen;
}

/** Page after page. */
async function allOf(list: string, owner: string): Promise<unknown[]> {
  const items: unknown[] = [];
  let cursor = '';
  do {
    const page = `${list}?limit=${String(ITEMS_PER_PAGE)}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { status, body } = await request({ url: page, as: owner });
    if (status !== 200) throw new Error(`${page} answers ${String(status)}`);
    items.push(...itemsOf(body));
    cursor = at(body, 'next');
  } while (cursor !== '');
  return items;
}

function itemsOf(body: unknown): readonly unknown[] {
  const items: unknown = typeof body === 'object' && body !== null && 'items' in body ? body.items : [];
  return Array.isArray(items) ? items : [];
}

/** V4 */
async function wrongBooks({ looking, stage, ledger, before }: Judging): Promise<Verdict> {
  const walked = await walk(looking.ports);
  const wrong = [...changedWallets(walked, before), ...missingBreaks(walked, ledger)];
  // A debt, so it is negative among the classes.
  const suspense = ledger.breaks.reduce((sum, { held }) => sum - held, 0n);
  const wanted = { bank: halalasOf(await stage.bank.balance()), suspense };
  wrong.push(...wrongPosition(await provePosition(looking.ports), wanted));
  const { divergences } = await audit(looking.ports);
  for (const one of divergences) wrong.push(`audit: ${JSON.stringify(one, withBigints)}`);
  return { lost: 0, doubled: 0, wrong };
}

/** Why money may be missing: nothing else tells whoever reads the verdict. */
async function parkedActors({ looking: { look, layout } }: Judging): Promise<Verdict> {
  const parked = await look.operations.parked(layout.allShards);
  return { lost: 0, doubled: 0, wrong: parked.map(({ actor, error }) => `${actor} is parked: ${error}`) };
}

function wrongPosition({ differences, broken, classes }: Position, wanted: Readonly<Record<'bank' | 'suspense', bigint>>): string[] {
  const wrong: string[] = [];
  const ledgerOf = (name: string): bigint => classes.find(({ account }) => account === name)?.ledger ?? 0n;
  for (const [currency, amount] of differences) if (amount !== 0n) wrong.push(`difference of ${currency}: ${String(amount)}`);
  for (const { actor, error } of broken) wrong.push(`${actor} cannot be read: ${error}`);
  for (const name of ['bank', 'suspense'] as const) {
    if (ledgerOf(name) !== wanted[name]) wrong.push(`${name} is ${String(ledgerOf(name))} in the ledger, not ${String(wanted[name])}`);
  }
  return wrong;
}

function withBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** Wallets of earlier rounds that are no longer as they were. */
function changedWallets({ available }: Walked, before: readonly Ledger[]): string[] {
  return before.flatMap((ledger) =>
    ledger.wallets
      .filter((wallet) => available.get(wallet.id) !== expectedOf(ledger, wallet).available)
      .map(({ id }) => `wallet ${id} of an earlier round has ${String(available.get(id))}`),
  );
}

/** What a lie must have led to. */
function missingBreaks({ breaks }: Walked, ledger: Ledger): string[] {
  const seen = [...breaks];
  return ledger.breaks
    .filter(
      ({ reason, about, status, held }) =>
        !seen.some(([id, one]) => id.startsWith(`${reason}:`) && id.includes(about) && one.status === status && one.held === held),
    )
    .map(({ reason, about, status, held }) => `no break ${reason} about ${about} is ${status} and holds ${String(held)}`);
}

export interface Repeats {
  /** Keys whose promise was answered otherwise when it was repeated. */
  readonly doubled: readonly string[];
  /** Sentences. */
  readonly unanswered: readonly string[];
}

/** Promises that cannot be found: before anything is repeated. */
export async function lostPromises({ stage, ledger, random }: Judging): Promise<Command[]> {
  const found = await inParts(ledger.commands.filter(isPromised), async (command) => ({
    command,
    is: await isFound(command, stage, random),
  }));
  return found.filter(({ is }) => !is).map(({ command }) => command);
}

/** Throws when nobody says in time. */
async function isFound(command: Command, stage: Outside, random: Random): Promise<boolean> {
  const deadline = performance.now() + FOUND_MS_MAX;
  for (;;) {
    const { status, body } = await look(command, stage, random);
    if (status === 200) return command.kind !== 'debit' || hasDebit(command, body);
    if (status === 404) return false;
    if (performance.now() > deadline) throw new Error(`${command.key} is answered ${String(status)} when it is looked for, to the last`);
    await sleep(LOOK_MS);
  }
}

function look({ kind, answer, as, wallet }: Command, stage: Outside, random: Random): ReturnType<typeof request> {
  const id = answer?.id ?? '';
  const ofWallet = `/wallets/${wallet === null ? id : wallet.id}`;
  if (kind === 'debit') return request({ url: `${urlOf(stage.of('omnibus'), random)}/ops/v1${ofWallet}`, as, scope: 'ops' });
  return request({ url: `${urlOf(stage.of('gateway'), random)}/v1${ofWallet}${kind === 'top_up' ? `/top-ups/${id}` : ''}`, as });
}

function urlOf(parts: readonly Pick<Part, 'url'>[], random: Random): string {
  return parts[random.integer(0, parts.length - 1)]?.url ?? '';
}

/** The bank never debits in a round, so that every debit stays among the wallet's open ones. */
function hasDebit({ answer }: Command, wallet: unknown): boolean {
  const outgoings: unknown = typeof wallet === 'object' && wallet !== null && 'outgoings' in wallet ? wallet.outgoings : [];
  return Array.isArray(outgoings) && outgoings.some((one) => at(one, 'reference') === answer?.id);
}

/** V1: every request of the round once more, by its key. */
export async function repeatAll({ stage, ledger, random }: Judging): Promise<Repeats> {
  const doubled: string[] = [];
  const unanswered: string[] = [];
  await inParts(ledger.commands, async (command) => {
    const first = command.answer;
    const again = await askAgain(command, stage, random);
    if (first === null || !isAnswer(again.status)) {
      unanswered.push(`${command.key} was answered ${String(again.status)} ${at(again.body, 'code')} when it was repeated, to the last`);
      return;
    }
    note(command, again, ledger);
    // A refusal had no effect, so that its repetition may have one: an edge does not remember what it refused by itself.
    const isSame = first.status >= 300 || (again.status === first.status && command.answer?.id === first.id);
    if (!isSame)
      doubled.push(`${command.key}: first ${String(first.status)} ${first.id}, again ${String(again.status)} ${command.answer?.id ?? ''}`);
  });
  return { doubled, unanswered };
}

const TRIES_MAX = 40;

async function askAgain(command: Command, stage: Outside, random: Random): ReturnType<typeof ask> {
  for (let tries = 1; ; tries += 1) {
    const answered = await ask(command, stage, random);
    if (isAnswer(answered.status) || tries === TRIES_MAX) return answered;
    await sleep(LOOK_MS);
  }
}
