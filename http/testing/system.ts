/** All edges on in-memory ports, with one worker that owns every actor. Results of provider calls are told to the actors by the test. */
import type { ExecutionContext } from 'ava';
import { bankAccount } from '../../actors/bank-account/decide.ts';
import { ACCOUNT } from '../../actors/bank-account/testing/statement.ts';
import { breakKind } from '../../actors/break/decide.ts';
import { KINDS } from '../../actors/kinds.ts';
import { numberRangeMessages } from '../../actors/number-range/messages.ts';
import { owner } from '../../actors/owner/decide.ts';
import { payment } from '../../actors/payment/decide.ts';
import { settlement } from '../../actors/settlement/decide.ts';
import { statementDay } from '../../actors/statement-day/decide.ts';
import { virtualAccount } from '../../actors/virtual-account/decide.ts';
import { createClient } from '../../engine/client.ts';
import type { Client } from '../../engine/client.ts';
import { inspect } from '../../engine/inspect.ts';
import { createLayout } from '../../engine/layout.ts';
import type { Layout } from '../../engine/layout.ts';
import { toJson } from '../../engine/message.ts';
import type { ActorId, Addressed } from '../../engine/message.ts';
import { createRegistry } from '../../engine/registry.ts';
import type { Registry } from '../../engine/registry.ts';
import { skipEntry } from '../../engine/skip.ts';
import { createWorker } from '../../engine/worker.ts';
import { createMemoryPorts } from '../../mocks/memory/ports.ts';
import type { MemoryPorts } from '../../mocks/memory/ports.ts';
import { parseMoyasarWebhook } from '../../providers/moyasar/webhook.ts';
import { realSystem } from '../../providers/system.ts';
import { provePosition } from '../../proof/position.ts';
import { z } from 'zod';
import { decide } from '../command.ts';
import { createNumbers } from '../gateway/numbers.ts';
import type { GatewayParts } from '../gateway/parts.ts';
import type { Health, HealthParts } from '../health.ts';
import { createMetrics } from '../metrics.ts';
import type { HttpMetrics } from '../metrics.ts';
import type { ActorOperations, OpsParts } from '../ops/parts.ts';
import { manyReaderOf, readerOf } from '../reading.ts';
import { endpointsOf } from '../routes.ts';
import { serve, tokenOf } from './served.ts';
import type { Served } from './served.ts';

export const MOYASAR_SECRET = 'a-webhook-secret-of-tests';
export const ANB_SECRET = 'a-secret-path-of-tests';
const RANGE = '123170000000000-123179999999999';

const ROLES = { wallet: { letter: 'w', shards: 2 }, payments: { letter: 'p', shards: 2 }, omnibus: { letter: 'o', shards: 2 } };

export interface Running extends Served {
  readonly ports: MemoryPorts;
  readonly client: Client;
  readonly metrics: HttpMetrics;
  readonly health: { -readonly [K in keyof Health]: Health[K] } & { stopping: boolean };
  readonly alice: string;
  readonly bob: string;
  readonly operator: string;
  /** Tells an actor something, as a provider call or another actor would. */
  say(to: ActorId, type: string, body: unknown): Promise<void>;
}

/** `worker` false: nobody decides, so that commands stay without an outcome. */
export async function run(t: ExecutionContext, { worker: working = true, streamsMax = 10, askTimeoutMs = 60_000 } = {}): Promise<Running> {
  const registry = createRegistry(KINDS);
  const layout = createLayout({ roles: ROLES }, registry.kindRoles);
  const ports = createMemoryPorts({ layout, system: realSystem });
  const metrics = createMetrics();
  const client = createClient({ registry, layout, limits: { askTimeoutMs }, ...ports });
  const limits = { flushAgeMs: 20, flushEveryMs: 10 };
  const worker = createWorker({ roles: Object.keys(ROLES), registry, layout, ports, system: realSystem, limits, metrics });
  if (working) await worker.start();
  const health = {
    redis: true,
    mongo: true,
    snapshotLagMs: 0,
    waitsFor: [],
    oldestReadyMs: 0,
    stuckShards: [],
    lateRoles: [],
    stopping: false,
  };
  const gateway = gatewayOf(client, () => served.url);
  const webhooks = webhooksOf(client, metrics);
  const ops: OpsParts = {
    ...readersOf(client),
    account: ACCOUNT,
    currency: 'SAR',
    ask: (command) => client.ask(command),
    directory: ports.directory,
    directoryLagMs: 10_000,
    position: (date) => provePosition({ registry, ...ports, shards: layout.allShards }, date),
    actors: operationsOf(ports, { registry, layout }),
  };
  const served: Served = await serve(
    endpointsOf({
      gateway,
      payments: { ...gateway, ...webhooks },
      omnibus: { ...ops, ...webhooks, anbSecret: ANB_SECRET },
      health: healthOf(health, metrics),
    }),
    { streamsMax, observe: (request) => metrics.answered(request) },
  );
  t.teardown(async () => {
    await served.close(0);
    client.close();
    if (working) await worker.stop();
  });
  return { ...served, ports, client, metrics, health, say: speaker(client), ...(await tokens()) };
}

async function tokens() {
  return { alice: await tokenOf('alice'), bob: await tokenOf('bob'), operator: await tokenOf('olga', { scope: 'ops' }) };
}

function speaker(client: Client): Running['say'] {
  let said = 0;
  return async (to, type, body) => {
    said += 1;
    await client.tell([{ to, type, body: toJson(body), id: `test/${said}`, from: 'test:rig', trace: '' }]);
  };
}

function healthOf(health: Running['health'], metrics: HttpMetrics): HealthParts {
  return {
    stopping: () => health.stopping,
    check: () => {
      const { stopping: _stopping, ...facts } = health;
      return Promise.resolve(facts);
    },
    snapshotLagMsMax: 60_000,
    metrics: () => metrics.exposition(),
    version: '0.0.0',
  };
}

function operationsOf(ports: MemoryPorts, engine: { readonly registry: Registry; readonly layout: Layout }): ActorOperations {
  const { operations } = ports;
  const { allShards } = engine.layout;
  return {
    inspect: (actor) => inspect(actor, { ...ports, ...engine }),
    parked: () => operations.parked(allShards),
    resume: (actor) => operations.resume(actor),
    skip: (request) => skipEntry(request, { ...ports, ...engine }),
    dead: () => operations.dead(allShards),
  };
}

function readersOf(client: Client) {
  return {
    bankAccount: readerOf(client, bankAccount),
    statementDay: readerOf(client, statementDay),
    settlement: readerOf(client, settlement),
    break: readerOf(client, breakKind),
    wallet: readerOf(client, virtualAccount),
  };
}

function webhooksOf(client: Client, metrics: HttpMetrics) {
  return {
    tell: (messages: readonly Addressed[]) => client.tell(messages),
    ignored: (provider: string, why: string) => metrics.webhookIgnored(provider, why),
    readMoyasar: (raw: string) => parseMoyasarWebhook(raw, { secret: MOYASAR_SECRET, mode: 'test' }),
  };
}

function gatewayOf(client: Client, publicUrl: () => string): GatewayParts {
  const takeBlock = async () => {
    const { answer } = await decide((command) => client.ask(command), {
      schemas: numberRangeMessages,
      to: `number-range:${RANGE}`,
      type: 'TakeBlock',
      body: { size: 1_000 },
      id: 'test/block',
      from: 'edge:gateway',
      trace: '',
      answer: z.object({ from: z.string(), to: z.string() }),
    });
    return answer;
  };
  return {
    ask: (command) => client.ask(command),
    owner: readerOf(client, owner),
    wallet: readerOf(client, virtualAccount),
    wallets: manyReaderOf(client, virtualAccount),
    payment: readerOf(client, payment),
    postings: client.postings,
    watch: (actor, listener) => client.watch(actor, listener),
    nextNumber: createNumbers(takeBlock),
    bank: { code: '30', prefix: '100', name: 'Arab National Bank', bic: 'ARNBSARI', beneficiary: 'IronWallet' },
    currency: 'SAR',
    secret: 'a-secret-of-the-installation',
    system: realSystem,
    publicUrl,
  };
}
