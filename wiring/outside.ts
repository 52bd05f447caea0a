/** How this process meets the outside world: provider calls, the omnibus account, settlements that no webhook told of. */
import { createHash } from 'node:crypto';
import { bankAccountMessages } from '../actors/bank-account/messages.ts';
import type { SettlementTerms } from '../actors/payment/messages.ts';
import { settlementMessages } from '../actors/settlement/messages.ts';
import type { Attribution } from '../actors/statement-line.ts';
import type { Client } from '../engine/client.ts';
import type { EffectHandler } from '../engine/effects.ts';
import { toJson } from '../engine/message.ts';
import type { Log } from '../engine/metrics.ts';
import type { System } from '../engine/ports.ts';
import { message } from '../http/command.ts';
import { createAnbEffects } from '../providers/anb/effects.ts';
import type { Fetch } from '../providers/calls.ts';
import { createMoyasarClient } from '../providers/moyasar/client.ts';
import { createMoyasarEffects } from '../providers/moyasar/effects.ts';
import { pollSettlements } from '../providers/moyasar/settlements.ts';
import { needed } from './base.ts';
import type { Base, EdgeBase } from './base.ts';

const BANK_TIME_ZONE = 'Asia/Riyadh';
const BUCKETS = 16;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const datesAtBank = new Intl.DateTimeFormat('en-CA', { timeZone: BANK_TIME_ZONE });

/** Today at the bank, `YYYY-MM-DD`. */
export function todayAtBank(now: Date): string {
  return datesAtBank.format(now);
}

/** How providers are reached, and what time it is there. */
export interface Outside {
  /** The global one when absent. */
  readonly fetch?: Fetch;
  readonly system: Pick<System, 'wallMs' | 'sleep'>;
}

type OutsideBase = Pick<EdgeBase, 'config' | 'publicUrl'> & Outside;

/** The handlers of the effects that this process' actors may open. */
export function effectHandlers(base: OutsideBase): Map<string, EffectHandler> {
  const { config } = base;
  const handlers = new Map<string, EffectHandler>();
  const add = (more: ReadonlyMap<string, EffectHandler>): void => {
    for (const [type, handler] of more) handlers.set(type, handler);
  };
  if (config.ROLES.includes('payments') || config.ROLES.includes('omnibus')) add(moyasarEffects(base));
  if (config.ROLES.includes('omnibus')) add(anbEffects(base));
  return handlers;
}

function moyasarEffects(base: OutsideBase): Map<string, EffectHandler> {
  const { config, system } = base;
  return createMoyasarEffects({
    ...fetchOf(base),
    now: () => new Date(system.wallMs()),
    apiUrl: config.MOYASAR_API_URL,
    secretKey: needed(config.MOYASAR_SECRET_KEY, 'MOYASAR_SECRET_KEY'),
    publicUrl: () => base.publicUrl(),
    terms: termsOf(config),
    pollEveryMs: config.MOYASAR_POLL_SECONDS * 1000,
    invoiceLifetimeMs: config.INVOICE_LIFETIME_MINUTES * MINUTE_MS,
    rowsWithinMs: config.MOYASAR_SETTLEMENT_HOURS * HOUR_MS,
  });
}

function anbEffects({ config, system, ...reach }: OutsideBase): Map<string, EffectHandler> {
  return createAnbEffects({
    ...fetchOf(reach),
    apiUrl: config.ANB_API_URL,
    clientId: needed(config.ANB_CLIENT_ID, 'ANB_CLIENT_ID'),
    clientSecret: needed(config.ANB_CLIENT_SECRET, 'ANB_CLIENT_SECRET'),
    today: () => todayAtBank(new Date(system.wallMs())),
  });
}

function fetchOf({ fetch }: Pick<Outside, 'fetch'>): Pick<Outside, 'fetch'> {
  return fetch === undefined ? {} : { fetch };
}

function termsOf(config: Base['config']): SettlementTerms {
  const rates = config.MOYASAR_RATES.map((rate) => {
    const [scheme = '*', percent = '0', fixed = '0'] = rate.split(':');
    return { scheme, percent, fixed: BigInt(fixed) };
  });
  return {
    feePolicy: config.FEE_POLICY,
    rates,
    vatPercent: config.MOYASAR_VAT_PERCENT,
    tolerance: BigInt(config.MOYASAR_FEE_TOLERANCE),
    rowGraceMs: config.MOYASAR_ROW_GRACE_SECONDS * 1000,
    windowDays: config.RECONCILE_WINDOW_DAYS,
  };
}

function attributionOf(config: Base['config']): Attribution {
  return {
    numberFrom: config.IBAN_RANGE_FROM,
    numberTo: config.IBAN_RANGE_TO,
    ibanPrefix: `${config.IBAN_BANK_CODE}${config.IBAN_PREFIX}`,
    locators: ['iban', 'narrative2', 'narrative1', 'narrative3', 'joined'],
    providers: [{ provider: 'moyasar', patterns: config.MOYASAR_ORDERING_PARTIES.map((text) => text.toUpperCase()) }],
    platformIbans: [...config.PLATFORM_IBANS],
    chargeCodes: [...config.BANK_CHARGE_CODES],
    returnCodes: [...config.BANK_RETURN_CODES],
  };
}

/** Tells the omnibus account its settings; told again they change nothing. */
export async function openBankAccount({ config, system }: Pick<Base, 'config' | 'system'>, client: Pick<Client, 'tell'>): Promise<void> {
  const body = {
    currency: config.CURRENCY,
    from: config.STATEMENT_FROM ?? todayAtBank(new Date(system.wallMs())),
    pullEveryMs: config.STATEMENT_PULL_SECONDS * 1000,
    pageSize: config.STATEMENT_PAGE_SIZE,
    buckets: BUCKETS,
    lookbackDays: config.STATEMENT_LOOKBACK_DAYS,
    attribution: attributionOf(config),
  };
  const id = `settings/${createHash('sha256').update(toJson(body)).digest('base64url')}`;
  const to = `bank-account:${needed(config.ANB_ACCOUNT_NUMBER, 'ANB_ACCOUNT_NUMBER')}` as const;
  await client.tell([message(bankAccountMessages, to, { type: 'OpenBankAccount', body, id, from: 'edge:omnibus', trace: '' })]);
}

/** How far back a look goes: longer than any provider lets a settlement rest. */
const POLL_BACK_DAYS = 7;

/** Looks for settlements until the signal; a known one is told again and changes nothing. */
export function startSettlementPoll(
  { config, log, system, ...reach }: Pick<Base, 'config'> & Outside & { readonly log: Pick<Log, 'warn'> },
  client: Pick<Client, 'tell'>,
  signal: AbortSignal,
): void {
  const moyasar = createMoyasarClient({
    ...fetchOf(reach),
    apiUrl: config.MOYASAR_API_URL,
    secretKey: needed(config.MOYASAR_SECRET_KEY, 'MOYASAR_SECRET_KEY'),
  });
  const account = needed(config.ANB_ACCOUNT_NUMBER, 'ANB_ACCOUNT_NUMBER');
  const known = new Set<string>();
  const look = async (): Promise<void> => {
    const documents = await pollSettlements(moyasar, new Date(system.wallMs() - POLL_BACK_DAYS * DAY_MS), signal);
    for (const document of documents.filter((one) => !known.has(one))) {
      const facts = { type: 'AnnounceDocument', body: { account, eventId: `poll/${document}` }, id: `moyasar/poll/${document}` } as const;
      await client.tell([message(settlementMessages, `settlement:moyasar:${document}`, { ...facts, from: 'edge:omnibus', trace: '' })]);
      known.add(document);
    }
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await look().catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error }, 'settlements could not be looked for');
      });
      await system.sleep(config.MOYASAR_SETTLEMENT_POLL_SECONDS * 1000, signal);
    }
  };
  void run();
}
