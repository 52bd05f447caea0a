/**
 * What clients wait at constant rates, commands (top-up requests, answered with the actor's own decision) and reads apart. Gateway, other roles,
 * both fakes and the load are processes of their own; what the commands lead to (payments, invoices at the provider) goes on meanwhile.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { virtualAccount } from '../actors/virtual-account/decide.ts';
import { makeToken } from '../cli/token.ts';
import { foldActors } from '../engine/fold.ts';
import { toJson } from '../engine/message.ts';
import { creditEach } from '../tests/support/deposits.ts';
import type { Looking } from '../tests/support/deposits.ts';
import { callApi } from '../tests/support/system.ts';
import { loadResult } from './accept-task.ts';
import type { LoadResult, LoadTask } from './accept-task.ts';
import { lastLine, processorMs, say, table } from './rig.ts';
import { withEverything } from './systems.ts';
import type { WholeSystem } from './systems.ts';

type Kind = LoadTask['kind'];

export interface AcceptOptions {
  /** Requests per second, one step each. */
  readonly rates: readonly number[];
  readonly kind: Kind | 'both';
  /** Of each step. */
  readonly seconds: number;
  /** Payments and omnibus account are apart and stopped during each step: what is left is what answers cost. */
  readonly nothingBehind?: boolean;
}

type Owners = LoadTask['owners'];

interface Step extends LoadResult {
  readonly kind: Kind;
  readonly rate: number;
}

/** Up to here nothing may be shed: what the product is to reach. */
const CLEAN_RATE = 1_000;
/** Until then Node still compiles what is hot. */
const WARM_UP = { rate: 200, seconds: 15 };
/** A wallet may have 100 open top-ups, and an owner 100 wallets. */
const TOP_UPS_EACH = 90;
const WALLETS_EACH = 100;
const TRANSFERS_EACH = 10;
const OWNERS_AT_ONCE = 4;
const READ_AT_ONCE = 200;

export async function accept(options: AcceptOptions): Promise<void> {
  // The payments of one step shall not ask the provider again in the midst of another.
  const settings = { SHARDS_WALLET: '16', SHARDS_PAYMENTS: '16', MOYASAR_POLL_SECONDS: '3600' };
  await withEverything(settings, async (system) => report(await measure(system, options)), options.nothingBehind ?? false);
}

/** Reads first: commands leave work behind. */
async function measure(
  system: WholeSystem,
  { rates, kind, seconds }: AcceptOptions,
): Promise<{ readonly steps: readonly Step[]; lost: number }> {
  const kinds = (['reads', 'commands'] as const).filter((one) => kind === 'both' || kind === one);
  const all = rates.reduce((sum, rate) => sum + rate * seconds, WARM_UP.rate * WARM_UP.seconds);
  const owners = await openWallets(system, Math.ceil(all / TOP_UPS_EACH / WALLETS_EACH));
  const steps: Step[] = [];
  const commands = { first: 0, answered: 0 };
  for (const one of kinds) {
    for (const [index, { rate, ...step }] of [WARM_UP, ...rates.map((each) => ({ rate: each, seconds }))].entries()) {
      system.behind?.signal('SIGSTOP');
      const result = await runLoad({ url: system.gateway.url, kind: one, rate, ...step, owners, first: commands.first });
      system.behind?.signal('SIGCONT');
      if (one === 'commands') {
        commands.first += result.sent;
        commands.answered += result.answered;
      }
      if (index > 0) steps.push({ kind: one, rate, ...result });
      await rest(system);
    }
  }
  const kept = await topUpsOf(system.looking, owners);
  return { steps, lost: Math.max(0, commands.answered - kept) };
}

function report({ steps, lost }: { readonly steps: readonly Step[]; readonly lost: number }): void {
  table([
    ['what', 'offered', 'answered', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'shed', 'errors', 'load late p99 ms'],
    ...steps.map((one) => [
      ...[one.kind, `${String(one.rate)}/s`, `${String(one.perSecond)}/s`],
      ...[one.p50Ms, one.p99Ms, one.p999Ms, one.maxMs, one.shed, one.errors, one.lateP99Ms].map(String),
    ]),
  ]);
  for (const { kind, rate, failures } of steps)
    for (const [what, count] of Object.entries(failures)) say(`${kind} at ${String(rate)}/s: ${String(count)} x ${what}`);
  if (lost > 0) say(`${String(lost)} top-ups were acknowledged and are not there`);
  lastLine({ bench: 'accept', lost, steps: steps.map(({ failures: _, ...one }) => one) });
  if (lost > 0 || steps.some(({ rate, shed, errors }) => errors > 0 || (shed > 0 && rate <= CLEAN_RATE))) process.exitCode = 1;
}

/** Wallets with some transfers each, so that reads have something to show. */
async function openWallets({ gateway, looking }: WholeSystem, count: number): Promise<Owners> {
  const owners: { token: string; numbers: string[] }[] = [];
  const open = async (name: string): Promise<void> => {
    const numbers: string[] = [];
    while (numbers.length < WALLETS_EACH) {
      const { status, body } = await callApi(`${gateway.url}/v1/wallets`, { as: name, key: `open-${String(numbers.length)}`, body: {} });
      if (status === 201) numbers.push(String(body['id']));
      else if (status !== 503) throw new Error(`a wallet was not opened: ${JSON.stringify(body)}`);
    }
    owners.push({ token: await makeToken({ owner: name }), numbers });
  };
  const names = Array.from({ length: count }, (_, index) => `bench-${String(index)}`);
  while (names.length > 0) await Promise.all(names.splice(0, OWNERS_AT_ONCE).map(open));
  const numbers = owners.flatMap((owner) => owner.numbers);
  await creditEach(looking, numbers, TRANSFERS_EACH);
  return owners;
}

async function runLoad(task: LoadTask): Promise<LoadResult> {
  const script = fileURLToPath(new URL('accept-load.js', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(task));
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return loadResult.parse(JSON.parse(output));
}

const REST_LOOK_MS = 1_000;
const REST_SHARE = 0.15;
const REST_MS_MAX = 120_000;

/** Waits until the work that a step left is done, so that no step pays for the one before. */
async function rest({ gateway, others, behind, looking: { look, layout } }: WholeSystem): Promise<void> {
  const cpuMs = (): number => [gateway, others, ...(behind === null ? [] : [behind])].reduce((sum, { pid }) => sum + processorMs(pid), 0);
  const deadline = performance.now() + REST_MS_MAX;
  while (performance.now() < deadline) {
    const before = cpuMs();
    await sleep(REST_LOOK_MS);
    const isQuiet = cpuMs() - before < REST_SHARE * REST_LOOK_MS;
    if (isQuiet && (await look.operations.gauges(layout.allShards)).ready === 0) return;
  }
  say(`not at rest after ${String(REST_MS_MAX / 1_000)} s: the next step pays for it`);
}

/** Top-ups that the wallets themselves know of. */
async function topUpsOf({ ports }: Looking, owners: Owners): Promise<number> {
  const numbers = owners.flatMap((owner) => owner.numbers);
  let count = 0;
  for (let at = 0; at < numbers.length; at += READ_AT_ONCE) {
    const batch = numbers.slice(at, at + READ_AT_ONCE).map((number) => ({ actor: `virtual-account:${number}`, known: null }) as const);
    for (const result of await foldActors(batch, ports)) {
      if (!result.ok) throw result.fault;
      const state = virtualAccount.state.parse(JSON.parse(toJson(result.folded?.envelope.state)));
      count += state.topUps.length + state.endedTopUps.length;
    }
  }
  return count;
}
