/** The product's own kinds: Redis is lost at random moments while lines are posted; read again, every wallet has its lines once. */
import test from 'ava';
import fc from 'fast-check';
import { KINDS } from '../actors/kinds.ts';
import { attribution } from '../actors/statement-line.ts';
import { breakKind } from '../actors/break/decide.ts';
import { clearing } from '../actors/clearing/decide.ts';
import { statementLinesMessages } from '../actors/statement-lines/messages.ts';
import { virtualAccount } from '../actors/virtual-account/decide.ts';
import { virtualAccountMessages } from '../actors/virtual-account/messages.ts';
import { audit } from '../engine/audit.ts';
import { foldActor } from '../engine/fold.ts';
import { createLayout } from '../engine/layout.ts';
import { toJson } from '../engine/message.ts';
import type { ActorId, Addressed } from '../engine/message.ts';
import { createRegistry } from '../engine/registry.ts';
import { restore } from '../engine/restore.ts';
import { createWorker } from '../engine/worker.ts';
import { message } from '../http/command.ts';
import { createMemoryPorts } from '../mocks/memory/ports.ts';
import type { MemoryPorts } from '../mocks/memory/ports.ts';
import { createMemorySystem } from '../mocks/memory/system.ts';
import { followRestore, uncarried } from './restore.ts';

const ROLES = { wallet: { letter: 'w', shards: 4 }, payments: { letter: 'p', shards: 2 }, omnibus: { letter: 'o', shards: 4 } };
const registry = createRegistry(KINDS);
const layout = createLayout({ roles: ROLES }, registry.kindRoles);
const [ACCOUNT, DATE, LINES] = ['0108', '2026-11-24', 18];
const rules = attribution.parse({
  ...{ numberFrom: '123170000000000', numberTo: '123179999999999', ibanPrefix: '30100', locators: ['narrative1'] },
  ...{ providers: [{ provider: 'moyasar', patterns: ['MOYASAR'] }], platformIbans: [], chargeCodes: [], returnCodes: [] },
});
const facts = { from: 'edge:test', trace: '' };

function walletOf(n: number): string {
  return String(123_170_000_000_000 + (n % 4));
}

/** Every sixth line names nobody, every ninth is the provider's; the others are for four wallets. */
function narrativeOf(n: number): string {
  if (n % 6 === 5) return 'nobody';
  return n % 9 === 8 ? 'MOYASAR PAYOUT' : walletOf(n);
}

function amountOf(n: number): bigint {
  return BigInt(1_000 + n);
}

function lineOf(n: number): Addressed {
  const line = {
    ...{ postDate: DATE, valueDate: DATE, postingTime: '10:00:00', reference: `SDC${n}`, serial: '1', mark: 'C' as const },
    ...{ amount: amountOf(n), currency: 'SAR', balance: null, narratives: [narrativeOf(n), '', ''], iban: null, party: null, code: null },
  };
  const body = { account: ACCOUNT, date: DATE, currency: 'SAR', lines: [line], attribution: rules };
  return message(statementLinesMessages, `statement-lines:${ACCOUNT}:${DATE}:${n % 3}`, {
    type: 'PostLines',
    body,
    id: `page/${n}`,
    ...facts,
  });
}

function openingOf(n: number): Addressed {
  const body = { owner: 'alice', iban: `SA${n}`, currency: 'SAR', name: null };
  return message(virtualAccountMessages, `virtual-account:${walletOf(n)}`, { type: 'OpenAccount', body, id: `open/${n}`, ...facts });
}

const numbers = Array.from({ length: LINES }, (_, n) => n);

async function stateOf(ports: MemoryPorts, actor: ActorId): Promise<Record<string, unknown>> {
  const folded = await foldActor({ actor, known: null }, { registry, ...ports });
  return JSON.parse(toJson(folded?.envelope.state ?? {})) as Record<string, unknown>;
}

function sumWhere(holds: (n: number) => boolean): string {
  return numbers
    .filter(holds)
    .reduce((sum, n) => sum + amountOf(n), 0n)
    .toString();
}

const history = fc.record({
  pauses: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: LINES, maxLength: LINES }),
  flushAgeMs: fc.integer({ min: 1, max: 300 }),
  before: fc.integer({ min: 1, max: LINES }),
});

test('whenever Redis is lost while lines are posted, wallets, breaks and clearing have each line once when they were read again', async (t) => {
  await fc.assert(
    fc.asyncProperty(history, async ({ pauses, flushAgeMs, before }) => {
      const system = createMemorySystem(Date.UTC(2026, 10, 24, 9));
      const first = createMemoryPorts({ layout, system });
      const work = (ports: MemoryPorts) =>
        createWorker({ roles: Object.keys(ROLES), registry, layout, ports, system, limits: { flushAgeMs, flushEveryMs: 1 } });
      const doomed = work(first);
      await doomed.start();
      await first.mailboxes.send([0, 1, 2, 3].map(openingOf), null);
      await system.advance(1_000);
      for (const n of numbers.slice(0, before)) {
        await first.mailboxes.send([lineOf(n)], null);
        await system.advance(pauses[n] ?? 0);
      }
      const { snapshots, pages, journal } = first.mongo;
      const kept = { ...first.mongo, snapshots: new Map(snapshots), pages: new Map(pages), journal: new Map(journal) };
      const stopping = doomed.stop();
      await system.advance(20_000);
      await stopping;

      const ports = createMemoryPorts({ layout, system, mongo: kept });
      const options = { ...ports, registry, layout, restoration: ports.restoration, installation: 'one', follow: followRestore };
      const restored = await restore(options);
      const ahead = restored.ahead.reduce((sum, { id }) => sum + amountOf(Number(/SDC(\d+)/.exec(id)?.[1])), 0n);
      t.is(uncarried(restored, registry).get('SAR') ?? 0n, ahead, 'money in transit is carried, or a receiver was ahead');
      const worker = work(ports);
      await worker.start();
      await ports.mailboxes.send(numbers.map(lineOf), null);
      await system.advance(2_000);
      for (const n of [0, 1, 2, 3]) {
        const { available } = await stateOf(ports, `${virtualAccount.name}:${walletOf(n)}`);
        t.is(
          available,
          sumWhere((one) => narrativeOf(one) === walletOf(n)),
        );
      }
      const { credits } = await stateOf(ports, `${clearing.name}:moyasar:${ACCOUNT}:SAR` as ActorId);
      t.is(Array.isArray(credits) ? credits.length : 0, numbers.filter((n) => narrativeOf(n) === 'MOYASAR PAYOUT').length);
      const lost = numbers.filter((n) => narrativeOf(n) === 'nobody');
      for (const n of lost) {
        const { held } = await stateOf(ports, `${breakKind.name}:unattributed_credit:${ACCOUNT}/${DATE}/SDC${n}/1` as ActorId);
        t.is(held, amountOf(n).toString());
      }
      t.deepEqual((await audit({ ...ports, registry, shards: layout.allShards })).divergences, []);
      t.is((await ports.operations.totals(layout.allShards)).get('in-transit:SAR'), 0n);
      await worker.stop();
    }),
    { numRuns: 12 },
  );
});
