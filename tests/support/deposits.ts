/** Many wallets, many deposits, and the comparison of every wallet with the bank's own tally: for benches and fault tests. */
import { KINDS } from '../../actors/kinds.ts';
import { virtualAccount } from '../../actors/virtual-account/decide.ts';
import { virtualAccountMessages } from '../../actors/virtual-account/messages.ts';
import type { Kind } from '../../engine/actor.ts';
import { Fault } from '../../engine/fault.ts';
import type { Layout } from '../../engine/layout.ts';
import { idOf, toJson } from '../../engine/message.ts';
import type { Addressed } from '../../engine/message.ts';
import { placementOf } from '../../engine/placement.ts';
import { createRegistry } from '../../engine/registry.ts';
import { survey } from '../../engine/survey.ts';
import type { SurveyPorts } from '../../engine/survey.ts';
import type { Config } from '../../cli/config.ts';
import { message } from '../../http/command.ts';
import { ibanOf } from '../../http/gateway/numbers.ts';
import { createProductLayout } from '../../wiring/layout.ts';
import type { FakeAnbControl } from '../../mocks/control/client.ts';
import { provePosition } from '../../proof/position.ts';
import type { Position } from '../../proof/position.ts';
import { eventually } from './system.ts';
import { createMongoPorts } from '../../providers/mongo/ports.ts';
import { redisOf } from '../../wiring/redis.ts';
import { createRedisPorts } from '../../providers/redis/ports.ts';
import type { RedisPorts } from '../../providers/redis/ports.ts';
import { surveyPorts } from '../../wiring/edges.ts';

const FIRST_NUMBER = 123_170_000_000_000;
const SENT_AT_ONCE = 1_000;
const DECIDED_MS_MAX = 300_000;
const LOOK_MS = 50;

/** Ports to look with, beside the processes that serve. */
export interface Looking {
  readonly look: RedisPorts;
  readonly layout: Layout;
  readonly ports: SurveyPorts;
  close(): Promise<void>;
}

export async function lookAt(config: Config, kinds: readonly Kind[] = KINDS): Promise<Looking> {
  const registry = createRegistry(kinds);
  const layout = createProductLayout(config, registry);
  const look = await createRedisPorts({ ...redisOf(config), layout, worker: 'looking' });
  const mongo = createMongoPorts({ url: config.MONGODB_URL, database: config.MONGODB_DATABASE });
  return {
    ...{ look, layout, ports: surveyPorts({ redis: look, mongo, registry, layout }) },
    async close() {
      await look.close();
      await mongo.close();
    },
  };
}

export function walletNumbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(FIRST_NUMBER + index));
}

/** Halalas credited to all wallets so far. */
export async function creditedOf({ look, layout }: Looking): Promise<bigint> {
  return -((await look.operations.totals(layout.shardsOf('wallet'))).get('va:SAR') ?? 0n);
}

/** Opens them as their owners' actors would; not measured. */
export async function openWallets({ look, layout }: Pick<Looking, 'look' | 'layout'>, numbers: readonly string[]): Promise<void> {
  for (let at = 0; at < numbers.length; at += SENT_AT_ONCE) {
    const messages = numbers.slice(at, at + SENT_AT_ONCE).map(openingOf);
    await look.mailboxes.send(messages, null);
  }
  await decided({ look, layout });
}

/** The word of an owner that a wallet is to be opened. */
export function openingOf(number: string): Addressed {
  const body = { owner: 'bench', iban: ibanOf(number, { code: '30', prefix: '100' }), currency: 'SAR', name: null };
  const facts = { type: 'OpenAccount', body, id: `bench/open/${number}`, from: 'bench:open', trace: '' } as const;
  return message(virtualAccountMessages, `virtual-account:${number}`, facts);
}

/** Gives each wallet so many transfers of 1.00; returns when all are committed. */
export async function creditEach(
  { look, layout }: Pick<Looking, 'look' | 'layout'>,
  numbers: readonly string[],
  times: number,
): Promise<void> {
  for (let time = 0; time < times; time += 1)
    await sendCredits(
      { look, layout },
      numbers.map((number) => creditOf(number, { id: `bench/${number}/${String(time)}` })),
    );
  await decided({ look, layout });
}

/** In their mailboxes when it resolves, and their owners woken. */
export async function sendCredits({ look, layout }: Pick<Looking, 'look' | 'layout'>, credits: readonly Addressed[]): Promise<void> {
  for (let at = 0; at < credits.length; at += SENT_AT_ONCE) {
    await look.mailboxes.send(credits.slice(at, at + SENT_AT_ONCE), null);
    look.hints.work(layout.shardsOf('wallet'));
  }
}

/** Halalas of a credit that says nothing else. */
export const CREDIT = 100n;

/** Money for a wallet, as an attributed line brings it. */
export function creditOf(number: string, { id, amount = CREDIT }: { readonly id: string; readonly amount?: bigint }): Addressed {
  const body = {
    source: id,
    amount,
    currency: 'SAR',
    sender: 'A SENDER',
    narrative: 'bench',
    valueDate: '2026-03-02',
    via: 'transfer',
  } as const;
  return message(virtualAccountMessages, `virtual-account:${number}`, { type: 'Credit', body, id, from: 'bench:credit', trace: '' });
}

/** Wakes the owners of all wallets and waits until nothing waits for them. */
export async function decided({ look, layout }: Pick<Looking, 'look' | 'layout'>): Promise<void> {
  const shards = layout.shardsOf('wallet');
  look.hints.work(shards);
  const deadline = performance.now() + DECIDED_MS_MAX;
  while ((await look.operations.gauges(shards)).ready > 0) {
    if (performance.now() > deadline) throw new Error('the wallets did not decide in time');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Waits until every wallet shard is where so many workers have it: one that moves later leaves its wallets cold, and those need MongoDB. */
export async function placed({ look, layout }: Pick<Looking, 'look' | 'layout'>, workers: number): Promise<void> {
  const shards = layout.shardsOf('wallet');
  await eventually(
    async () => [...(await look.leases.owners(shards))].map(([shard, { owner }]) => [shard, owner] as const),
    (owned) => {
      const living = [...new Set(owned.map(([, owner]) => owner))];
      const owners = placementOf(shards, living);
      return living.length === workers && owned.length === shards.length && owned.every(([shard, owner]) => owners.get(shard) === owner);
    },
  );
}

const REST_MS_MAX = 30_000;

/**
 * The position at rest: what is still under way when the last credit is seen (an answer, a day's note, a payment asked for again) gets its time,
 * and so does a connection that follows a failover.
 */
export async function settledPosition(ports: SurveyPorts): Promise<Position> {
  const deadline = performance.now() + REST_MS_MAX;
  for (;;) {
    const isLate = performance.now() > deadline;
    try {
      const position = await provePosition(ports);
      if (isWhole(position) || isLate) return position;
    } catch (error) {
      if (isLate || !(error instanceof Fault && error.retry === 'later')) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function isWhole({ still, differences }: Position): boolean {
  return still && [...differences.values()].every((one) => one === 0n);
}

type TallyOfBank = Awaited<ReturnType<FakeAnbControl['tally']>>;

/** Compares every wallet with the bank's own tally of what it sent there. */
export async function wrongWallets(ports: SurveyPorts, tally: TallyOfBank): Promise<number> {
  const available = await availableOf(ports);
  return Object.entries(tally).filter(([number, { total }]) => available.get(number) !== BigInt(total.replace('.', ''))).length;
}

/** Halalas that every wallet has, by its number. */
export async function availableOf(ports: SurveyPorts): Promise<Map<string, bigint>> {
  const available = new Map<string, bigint>();
  await survey(ports, {
    actor: (envelope, kind) => {
      if (kind.name === virtualAccount.name)
        available.set(idOf(envelope.actor), virtualAccount.state.parse(JSON.parse(toJson(envelope.state))).available);
    },
    carried: () => undefined,
    broken: (actor, fault) => {
      throw new Error(`${actor}: ${fault.message}`);
    },
  });
  return available;
}
