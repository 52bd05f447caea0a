/**
 * What a deposit costs in Node before any server is asked: every step of its way (wire, bank account, day, bucket of lines, wallet, snapshot)
 * as the engine calls it, one after the other in one process, over pages that the fake bank gave once. What a whole run needs beyond their
 * sum is the engine's talk with Redis and MongoDB, and the garbage of both.
 */
import { KINDS } from '../actors/kinds.ts';
import { bankAccountMessages } from '../actors/bank-account/messages.ts';
import { decideEntry, freshEnvelope } from '../engine/envelope.ts';
import type { Envelope } from '../engine/envelope.ts';
import { beginning, toJson } from '../engine/message.ts';
import type { ActorId, Addressed, EntryId } from '../engine/message.ts';
import { createRegistry } from '../engine/registry.ts';
import { encodeEnvelope } from '../engine/snapshot-codec.ts';
import { message } from '../http/command.ts';
import { fakeAnbControl } from '../mocks/control/client.ts';
import type { Fetch } from '../providers/calls.ts';
import { realSystem } from '../providers/system.ts';
import { openingOf, walletNumbers } from '../tests/support/deposits.ts';
import { ACCOUNT, configOf, environmentOf } from '../tests/support/system.ts';
import { effectHandlers, openBankAccount } from '../wiring/outside.ts';
import { lastLine, startBeside, table } from './rig.ts';

export interface StepsOptions {
  readonly wallets: number;
  readonly deposits: number;
  readonly pageSize: number;
}

const DAY_MS = 86_400_000;
const DAYS = 5;
/** The first rounds are the compiler's. */
const ROUNDS = 3;
const BANK = `bank-account:${ACCOUNT}` as const;
const EFFECT = 'anb.fetch_statement';

type Config = ReturnType<typeof configOf>;

export async function steps(options: StepsOptions): Promise<void> {
  const bank = await startBeside('fake-bank.js', [ACCOUNT, String(options.pageSize)]);
  try {
    const config = configOf({
      ...environmentOf({
        redis: { url: 'redis://nobody' },
        mongo: { url: 'mongodb://nobody', database: 'bench' },
        moyasar: bank.url,
        bank: bank.url,
      }),
      ...{ ROLES: 'wallet,payments,omnibus', STATEMENT_PAGE_SIZE: String(options.pageSize), STATEMENT_FROM: dayBefore(DAYS) },
    });
    const numbers = walletNumbers(options.wallets);
    const amounts = { amountFrom: '10.00', amountTo: '500.00', seed: 1 };
    await fakeAnbControl(bank.url).bulk({ count: options.deposits, numbers, days: DAYS, lastDay: dayBefore(1), ...amounts });
    const known = remembering();
    let spent = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round += 1) spent = await walked({ config, numbers, fetch: known });
    tell(spent, options);
  } finally {
    await bank.process.end('SIGTERM');
  }
}

function dayBefore(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
}

/** Asks once for each address: the bank and the network are not what is measured. */
function remembering(): Fetch {
  const answers = new Map<string, { readonly status: number; readonly headers: Headers; readonly text: string }>();
  return async (url, init) => {
    const key = `${init.method ?? 'GET'} ${url}`;
    let answer = answers.get(key);
    if (answer === undefined) {
      const response = await fetch(url, init);
      answer = { status: response.status, headers: response.headers, text: await response.text() };
      answers.set(key, answer);
    }
    const { status, headers, text } = answer;
    return { status, headers, text: () => Promise.resolve(text) };
  };
}

interface Walk {
  readonly config: Config;
  readonly numbers: readonly string[];
  readonly fetch: Fetch;
}

/** Milliseconds by step, of the whole statement from the bank's pages to the wallets' snapshots. */
async function walked({ config, numbers, fetch: ask }: Walk): Promise<Map<string, number>> {
  const office = createPostOffice();
  for (const number of numbers) office.post(openingOf(number));
  office.deliver();
  await openBankAccount({ config, system: realSystem }, { tell: (messages) => Promise.resolve(messages.map(office.post)) });
  office.deliver();
  const handler = effectHandlers({ config, publicUrl: () => '', system: realSystem, fetch: ask }).get(EFFECT);
  if (handler === undefined) throw new Error(`no handler of ${EFFECT}`);
  office.post(message(bankAccountMessages, BANK, { type: 'PullStatement', body: { why: 'bench', date: null }, ...named('pull') }));
  office.spent.clear();
  office.deliver();
  for (let asked = office.asked(); asked !== undefined; asked = office.asked()) {
    const began = performance.now();
    const { id, type } = asked;
    const result = await handler.run({ ...asked, body: JSON.parse(asked.body), attempt: 1 }, AbortSignal.timeout(DAY_MS));
    office.post({ to: BANK, type: result.type, body: toJson(result.body), ...named(`${type}/${id}`) });
    office.add('bank page: HTTP text to canonical lines', performance.now() - began);
    office.deliver();
  }
  office.snapshots(numbers.map((number): ActorId => `virtual-account:${number}`));
  return office.spent;
}

function named(id: string): { readonly id: string; readonly from: string; readonly trace: string } {
  return { id, from: 'edge:bench', trace: '' };
}

/** Actors in memory and what was sent to them: the engine without its servers. */
function createPostOffice() {
  const registry = createRegistry(KINDS);
  const envelopes = new Map<ActorId, Envelope>();
  const spent = new Map<string, number>();
  const waiting: Addressed[] = [];
  const effects: { actor: ActorId; id: string; type: string; body: string; trace: string }[] = [];
  let sequence = 0;
  const add = (step: string, ms: number): void => void spent.set(step, (spent.get(step) ?? 0) + ms);
  return {
    ...{ spent, add },
    post: (one: Addressed): EntryId => {
      waiting.push(one);
      return beginning();
    },
    asked: () => effects.shift(),
    deliver() {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
        const kind = registry.find(one.to);
        if (kind === undefined) throw new Error(`nobody is ${one.to}`);
        const began = performance.now();
        sequence += 1;
        const envelope = envelopes.get(one.to) ?? freshEnvelope(kind, one.to);
        const outcome = decideEntry(kind, envelope, { ...one, entry: `1800000000000-${sequence}` });
        add(`decide: ${kind.name}`, performance.now() - began);
        envelopes.set(one.to, outcome.envelope);
        waiting.push(...outcome.sends);
        effects.push(...outcome.effects.filter(({ type }) => type === EFFECT));
      }
    },
    snapshots(actors: readonly ActorId[]) {
      const began = performance.now();
      for (const actor of actors) encodeEnvelope(envelopes.get(actor) ?? freshEnvelope(registry.kindOf(actor), actor));
      add('snapshot of each wallet, once', performance.now() - began);
    },
  };
}

function tell(spent: ReadonlyMap<string, number>, { deposits, wallets, pageSize }: StepsOptions): void {
  const micros = [...spent].map(([step, ms]) => [step, Math.round((ms * 10_000) / deposits) / 10] as const);
  const sum = Math.round(micros.reduce((total, [, one]) => total + one, 0) * 10) / 10;
  table([['step', 'µs of Node per deposit'], ...micros.map(([step, one]) => [step, one.toFixed(1)]), ['sum', sum.toFixed(1)]]);
  lastLine({ bench: 'steps', microsPerDeposit: sum, ...Object.fromEntries(micros), deposits, wallets, pageSize });
}
