/** What the edges are made of, brought from the engine's client and the ports. */
import { z } from 'zod';
import { bankAccount } from '../actors/bank-account/decide.ts';
import { breakKind } from '../actors/break/decide.ts';
import { breakActor, breakMessages } from '../actors/break/messages.ts';
import { numberRangeMessages } from '../actors/number-range/messages.ts';
import { owner } from '../actors/owner/decide.ts';
import { payment } from '../actors/payment/decide.ts';
import { settlement } from '../actors/settlement/decide.ts';
import { statementDay } from '../actors/statement-day/decide.ts';
import { virtualAccount } from '../actors/virtual-account/decide.ts';
import { send } from '../engine/actor.ts';
import type { Client } from '../engine/client.ts';
import type { FoldPorts } from '../engine/fold.ts';
import { inspect } from '../engine/inspect.ts';
import { skipEntry } from '../engine/skip.ts';
import type { OnSkipped } from '../engine/skip.ts';
import type { SurveyPorts } from '../engine/survey.ts';
import { decide } from '../http/command.ts';
import type { GatewayParts } from '../http/gateway/parts.ts';
import { createNumbers } from '../http/gateway/numbers.ts';
import type { ActorOperations, OpsParts } from '../http/ops/parts.ts';
import { manyReaderOf, readerOf } from '../http/reading.ts';
import type { RouteParts } from '../http/routes.ts';
import type { MoyasarEvent } from '../http/webhooks/parts.ts';
import { provePosition } from '../proof/position.ts';
import { parseMoyasarWebhook } from '../providers/moyasar/webhook.ts';
import { needed } from './base.ts';
import type { EdgeBase } from './base.ts';

const NUMBERS_PER_BLOCK = 1_000;

export function gatewayParts(base: EdgeBase, client: Client): GatewayParts {
  const { config, installation } = base;
  const range = `${config.IBAN_RANGE_FROM}-${config.IBAN_RANGE_TO}`;
  const takeBlock = async () => {
    const { answer } = await decide((command) => client.ask(command), {
      ...{ schemas: numberRangeMessages, to: `number-range:${range}`, type: 'TakeBlock', body: { size: NUMBERS_PER_BLOCK } },
      ...{ id: `block/${base.system.uuid()}`, from: 'edge:gateway', trace: '', answer: z.object({ from: z.string(), to: z.string() }) },
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
    bank: {
      ...{ code: config.IBAN_BANK_CODE, prefix: config.IBAN_PREFIX },
      ...{ name: config.BANK_NAME, bic: config.BANK_BIC, beneficiary: config.BENEFICIARY_NAME },
    },
    currency: config.CURRENCY,
    secret: installation,
    system: base.system,
    publicUrl: () => base.publicUrl(),
  };
}

function moyasarReader({ config }: EdgeBase): (raw: string) => MoyasarEvent {
  const secret = needed(config.MOYASAR_WEBHOOK_SECRET, 'MOYASAR_WEBHOOK_SECRET');
  return (raw) => parseMoyasarWebhook(raw, { secret, mode: config.MOYASAR_MODE });
}

function webhookParts(base: EdgeBase, client: Client) {
  return {
    tell: (messages: Parameters<Client['tell']>[0]) => client.tell(messages),
    ignored: (provider: string, why: string) => {
      base.metrics.webhookIgnored(provider, why);
    },
    readMoyasar: moyasarReader(base),
  };
}

export function paymentsParts(base: EdgeBase, client: Client): NonNullable<RouteParts['payments']> {
  return {
    ...webhookParts(base, client),
    payment: readerOf(client, payment),
    watch: (actor, listener) => client.watch(actor, listener),
    system: base.system,
  };
}

export function omnibusParts(base: EdgeBase, client: Client): NonNullable<RouteParts['omnibus']> {
  const { config, mongo } = base;
  return {
    ...webhookParts(base, client),
    ...readersOf(client),
    ask: (command) => client.ask(command),
    account: needed(config.ANB_ACCOUNT_NUMBER, 'ANB_ACCOUNT_NUMBER'),
    anbSecret: needed(config.ANB_WEBHOOK_SECRET_PATH, 'ANB_WEBHOOK_SECRET_PATH'),
    currency: config.CURRENCY,
    directory: mongo.directory,
    directoryLagMs: config.SNAPSHOT_MS,
    position: (date) => provePosition(surveyPorts(base), date),
    actors: actorOperations(base),
  };
}

function readersOf(client: Client): Pick<OpsParts, 'bankAccount' | 'statementDay' | 'settlement' | 'break' | 'wallet'> {
  return {
    bankAccount: readerOf(client, bankAccount),
    statementDay: readerOf(client, statementDay),
    settlement: readerOf(client, settlement),
    break: readerOf(client, breakKind),
    wallet: readerOf(client, virtualAccount),
  };
}

/** What a walk over all actors needs. */
export function surveyPorts(base: Pick<EdgeBase, 'redis' | 'mongo' | 'registry' | 'layout'>): SurveyPorts {
  const { mailboxes, operations } = base.redis;
  return { registry: base.registry, mailboxes, snapshots: base.mongo.snapshots, operations, shards: base.layout.allShards };
}

/** Operators' hands on any actor: the operator API and the command line share them. */
export function actorOperations(base: Pick<EdgeBase, 'redis' | 'mongo' | 'registry' | 'layout' | 'system'>): ActorOperations {
  const { redis, mongo, registry, layout, system } = base;
  const { mailboxes, operations, leases, hints } = redis;
  const { snapshots, ledger, journal } = mongo;
  const fold: FoldPorts = { registry, mailboxes, snapshots };
  return {
    inspect: (actor) => inspect(actor, { ...fold, layout, operations, leases }),
    parked: () => operations.parked(layout.allShards),
    resume: (actor) => operations.resume(actor),
    dead: () => operations.dead(layout.allShards),
    skip: (request) => skipEntry(request, { ...fold, layout, ledger, journal, system, snapshots, operations, hints, onSkipped }),
  };
}

/** The money of an entry that nobody will decide goes to a break. */
const onSkipped: OnSkipped = (actor, entry, carried) => {
  const subject = `${actor}/${entry.entry}`;
  const amount = carried?.amount ?? 0n;
  return [
    send(breakMessages, breakActor('entry_skipped', subject), {
      type: 'OpenBreak',
      id: `${subject}/skipped`,
      body: {
        reason: 'entry_skipped',
        subject,
        severity: 'high',
        money: amount > 0n ? 'credit' : amount < 0n ? 'debit' : 'none',
        amount: amount < 0n ? -amount : amount,
        currency: carried?.currency ?? null,
        evidence: { actor, entry: entry.entry, type: entry.type, message: entry.id },
      },
    }),
  ];
};
