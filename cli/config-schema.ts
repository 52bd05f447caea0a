// Every environment variable, once: its type, bounds, default and meaning. The README's table is made of it.
import { z } from 'zod';

export const ROLES = ['gateway', 'wallet', 'payments', 'omnibus'] as const;
export type Role = (typeof ROLES)[number];

/** HS256 wants a key as long as its hash. */
const JWT_SECRET_CHARS_MIN = 32;

const text = (): z.ZodString => z.string().trim().min(1);
const secret = (charsMin = 8): z.ZodString => z.string().min(charsMin);
const webUrl = (): z.ZodURL => z.url({ protocol: /^https?$/, error: 'is not an http or https address' });

/** A whole number from text; `z.coerce` alone would take an empty or a blank text for 0. */
function whole(min: number, max: number, standard: number): z.ZodDefault<z.ZodType<number>> {
  return wholeNumber(min, max)
    .default(standard)
    .meta({ range: `${String(min)} to ${String(max)}` });
}

function wholeNumber(min: number, max: number): z.ZodType<number> {
  const digits = z.string().regex(/^\d+$/, 'is not a whole number');
  const bounded = digits.transform(Number).pipe(
    z
      .number()
      .min(min, `is below ${String(min)}`)
      .max(max, `is above ${String(max)}`),
  );
  return bounded;
}

/** Texts separated by commas. */
function list(item: z.ZodType<string, string>): z.ZodType<readonly string[], string> {
  const split = z.string().transform((value) =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );
  return split.pipe(z.array(item));
}

const hostPort = z.string().regex(/^([\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/, 'has an entry that is not host:port');
const roles = list(text()).pipe(z.array(z.enum(ROLES, { error: `may name ${ROLES.join(', ')}` })).min(1, 'names no role'));
const iban = z.string().regex(/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/, 'has an entry that is not an IBAN');
const accountDigits = z.string().regex(/^\d{15}$/, 'is not 15 digits');

const general = {
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development').describe('`production` refuses the development secret.'),
  ROLES: roles.default([...ROLES]).describe('What this process does, separated by commas; `--role` goes before it.'),
  HOST: text().default('127.0.0.1').describe('The address to listen on; `0.0.0.0` in a container.'),
  PORT: whole(0, 65_535, 8080).describe('The port to listen on; 0 takes a free one. `--port` goes before it.'),
  PUBLIC_URL: webUrl()
    .optional()
    .describe(
      'Where customers and providers reach the payments role: `checkoutUrl` and callbacks begin with it. Without it: the address listened on.',
    ),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('The least severe line that is logged.'),
  BODY_LIMIT_BYTES: whole(1024, 10_485_760, 65_536).describe('The largest request body; a larger one is answered 413.'),
  HEADERS_TIMEOUT_MS: whole(100, 60_000, 10_000).describe('The time for the head of a request; a slower one is answered 408.'),
  REQUEST_TIMEOUT_MS: whole(100, 300_000, 30_000).describe('The time for a whole request, its body included; likewise.'),
  RATE_LIMIT_PER_SECOND: whole(1, 1_000_000, 200).describe(
    'Requests of one client (`sub`) in a second, reads and writes; more are answered 429. Each process counts for itself.',
  ),
  RATE_LIMIT_BURST: whole(0, 1_000_000, 1_000).describe('Requests beyond that, in ten seconds.'),
  STREAMS_MAX: whole(1, 100_000, 1_000).describe('Open event streams of this process; more are answered 503.'),
  STREAMS_PER_OWNER_MAX: whole(1, 100_000, 20).describe('Of them, those of one client; more are answered 429.'),
};

const stores = {
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'is not a redis address' })
    .default('redis://127.0.0.1:6379')
    .describe('The log: mailboxes, tips, leases.'),
  REDIS_CLUSTER_NODES: list(hostPort)
    .default([])
    .describe('Some nodes of a Redis Cluster, `host:port`, separated by commas. `REDIS_URL` then gives user, password and TLS alone.'),
  REDIS_SENTINELS: list(hostPort)
    .default([])
    .describe('Sentinels that know the one master, `host:port`, separated by commas. `REDIS_URL` then gives user, password and TLS alone.'),
  REDIS_SENTINEL_NAME: text().default('mymaster').describe('What the sentinels call the master.'),
  REDIS_WAIT_REPLICAS: wholeNumber(0, 5)
    .optional()
    .meta({ range: '0 to 5' })
    .describe(
      'Replicas that must have a command before it is acknowledged, else 503 `not_replicated`. Without it: 1 in a cluster, else 0.',
    ),
  REDIS_WAIT_MS: whole(10, 10_000, 1000).describe('How long they may take.'),
  MONGODB_URL: z
    .url({ protocol: /^mongodb([+]srv)?$/, error: 'is not a mongodb address' })
    .default('mongodb://127.0.0.1:27017')
    .describe('The checkpoints and the history.'),
  MONGODB_DATABASE: z
    .string()
    .regex(/^[\w-]{1,38}$/, 'is not a database name')
    .default('ironwallet')
    .describe('The database on it.'),
};

const engine = {
  SHARDS_WALLET: whole(1, 1024, 64).describe('Shards of the wallet role. Fixed once an installation exists.'),
  SHARDS_PAYMENTS: whole(1, 1024, 64).describe('Shards of the payments role, likewise.'),
  SHARDS_OMNIBUS: whole(1, 1024, 64).describe('Shards of the omnibus role, likewise.'),
  LEASE_MS: whole(500, 60_000, 5000).describe('How long a killed worker keeps its shards from the others.'),
  MAILBOX_MAX: whole(10, 100_000, 1000).describe('Uncommitted entries of one actor at which the edges answer 429.'),
  CACHE_ACTORS: whole(100, 5_000_000, 50_000).describe('Actors kept in memory by one process.'),
  PROGRESS_MS: whole(1000, 3_600_000, 30_000).describe(
    'Age of the oldest uncommitted entry at which work is late; a process whose own shards stand still for as long is not ready.',
  ),
  SNAPSHOT_ENTRIES: whole(1, 10_000, 200).describe('Entries after which an actor is written to MongoDB.'),
  SNAPSHOT_MS: whole(100, 600_000, 10_000).describe(
    'The age by which a change is written to MongoDB all the same; each actor has its own, from 70 % of it.',
  ),
};

const access = {
  JWT_SECRET: secret(JWT_SECRET_CHARS_MIN).optional().describe('The secret of HS256 client tokens. Either this or `JWKS_URL`.'),
  JWKS_URL: webUrl().optional().describe('The public keys of client tokens. Either this or `JWT_SECRET`.'),
  JWT_ISSUER: text().optional().describe('When set, tokens must be from this issuer.'),
  JWT_AUDIENCE: text().optional().describe('When set, tokens must be for this audience.'),
};

const moyasar = {
  MOYASAR_API_URL: webUrl().default('https://api.moyasar.com/v1').describe('The API, up to and with its version.'),
  MOYASAR_SECRET_KEY: secret()
    .regex(/^sk_(test|live)_/, 'does not begin with sk_test_ or sk_live_')
    .optional()
    .describe('The secret API key; of the mode of `MOYASAR_MODE`.'),
  MOYASAR_WEBHOOK_SECRET: secret().optional().describe('The `secret_token` that webhooks must carry.'),
  MOYASAR_MODE: z.enum(['test', 'live']).default('test').describe('Webhooks of the other mode are counted and dropped.'),
  MOYASAR_CONCURRENCY: whole(1, 64, 8).describe('Calls under way at a time.'),
  MOYASAR_ORDERING_PARTIES: list(text())
    .default(['MOYASAR'])
    .describe('Texts by which a bank line shows itself as a payout, separated by commas.'),
  MOYASAR_RATES: list(z.string().regex(/^(\*|[a-z]+):\d+([.]\d+)?:\d+$/, 'has an entry that is not scheme:percent:fixed'))
    .default(['mada:1:100', '*:2.75:100'])
    .describe('Agreed fees: scheme, percent, fixed part in minor units, separated by colons; `*` for all other schemes.'),
  MOYASAR_VAT_PERCENT: z
    .string()
    .regex(/^\d+([.]\d+)?$/, 'is not a number')
    .default('15')
    .describe('VAT on the fee, in percent.'),
  MOYASAR_FEE_TOLERANCE: whole(0, 10_000, 1).describe('Largest difference of a fee component, in minor units, that is no break.'),
  MOYASAR_ROW_GRACE_SECONDS: whole(0, 604_800, 3600).describe('How long a settlement row waits for its payment before it is a break.'),
  MOYASAR_SETTLEMENT_HOURS: whole(1, 1440, 168).describe(
    'In which Moyasar settles a payment or a refund; a row that is missing then is a break.',
  ),
  MOYASAR_POLL_SECONDS: whole(1, 86_400, 60).describe('First look at an unpaid invoice without a webhook; later looks are further apart.'),
  MOYASAR_SETTLEMENT_POLL_SECONDS: whole(1, 86_400, 900).describe('Time between two looks for settlements that no webhook told of.'),
  INVOICE_LIFETIME_MINUTES: whole(1, 43_200, 60).describe('How long a hosted invoice can be paid.'),
};

const anb = {
  ANB_API_URL: webUrl().default('https://api.anb.com.sa').describe('The API, without a version.'),
  ANB_CLIENT_ID: text().optional().describe('The client of the OAuth token.'),
  ANB_CLIENT_SECRET: secret().optional().describe('Its secret.'),
  ANB_ACCOUNT_NUMBER: z
    .string()
    .regex(/^\d{16}$/, 'is not 16 digits')
    .optional()
    .describe('The omnibus account.'),
  ANB_WEBHOOK_SECRET_PATH: secret(16)
    .regex(/^[\w-]+$/, 'has characters that a path may not')
    .optional()
    .describe('The secret last part of the webhook path: the bank signs nothing.'),
  ANB_CONCURRENCY: whole(1, 16, 2).describe('Calls under way at a time.'),
  STATEMENT_PULL_SECONDS: whole(1, 86_400, 60).describe('Time between two pulls of the statement.'),
  STATEMENT_FROM: z.iso
    .date({ error: 'is not a date like 2026-01-31' })
    .optional()
    .describe('The first day whose lines are ours; without it the day of the first start.'),
  STATEMENT_LOOKBACK_DAYS: whole(0, 30, 3).describe('Days that are read again once a day, for late lines.'),
  STATEMENT_PAGE_SIZE: whole(1, 500, 20).describe('Lines asked for in one page.'),
};

const money = {
  CURRENCY: z.enum(['SAR']).default('SAR').describe('The currency of the omnibus account.'),
  FEE_POLICY: z
    .enum(['platform', 'customer'])
    .default('platform')
    .describe("Who bears the provider's fee of a top-up: `platform` credits gross, `customer` net."),
  IBAN_BANK_CODE: z
    .string()
    .regex(/^\d{2}$/, 'is not 2 digits')
    .default('30')
    .describe('The bank in our virtual IBANs.'),
  IBAN_PREFIX: z
    .string()
    .regex(/^\d{3}$/, 'is not 3 digits')
    .default('100')
    .describe('The prefix that the bank gave us.'),
  IBAN_RANGE_FROM: accountDigits.default('123170000000000').describe('The first wallet number.'),
  IBAN_RANGE_TO: accountDigits.default('123179999999999').describe('The last wallet number.'),
  BANK_NAME: text().default('Arab National Bank').describe('The bank in the funding instructions.'),
  BANK_BIC: text().default('ARNBSARI').describe('Its BIC.'),
  BENEFICIARY_NAME: text().default('IronWallet').describe('The account holder in the funding instructions.'),
  RECONCILE_WINDOW_DAYS: whole(1, 30, 3).describe('How far a payout and its bank line may lie apart.'),
  PLATFORM_IBANS: list(iban).default([]).describe("The company's own accounts, separated by commas: credits from them repay the pool."),
  BANK_RETURN_CODES: list(text()).default(['SJBB6']).describe('Codes of lines that bring an outgoing transfer back, separated by commas.'),
  BANK_CHARGE_CODES: list(text()).default([]).describe('Codes of debit lines that are bank charges, separated by commas.'),
};

export const variables = { ...general, ...stores, ...engine, ...access, ...moyasar, ...anb, ...money };
export type VariableName = keyof typeof variables;

export const configSchema = z.object(variables);
export type Config = z.output<typeof configSchema>;

/** Not to be read in any log; the addresses may carry passwords. */
export const SECRETS = [
  'JWT_SECRET',
  'MOYASAR_SECRET_KEY',
  'MOYASAR_WEBHOOK_SECRET',
  'ANB_CLIENT_SECRET',
  'ANB_WEBHOOK_SECRET_PATH',
  'REDIS_URL',
  'MONGODB_URL',
] as const satisfies readonly VariableName[];

/** What a role cannot do without; a list is "one of these". */
const JWT: readonly VariableName[] = ['JWT_SECRET', 'JWKS_URL'];
export const REQUIRED: Readonly<Record<Role, readonly (VariableName | readonly VariableName[])[]>> = {
  gateway: [JWT],
  wallet: [],
  payments: ['MOYASAR_SECRET_KEY', 'MOYASAR_WEBHOOK_SECRET'],
  // Settlement documents are announced to and fetched by the omnibus role, which also serves operators.
  omnibus: [
    JWT,
    'MOYASAR_SECRET_KEY',
    'MOYASAR_WEBHOOK_SECRET',
    'ANB_CLIENT_ID',
    'ANB_CLIENT_SECRET',
    'ANB_ACCOUNT_NUMBER',
    'ANB_WEBHOOK_SECRET_PATH',
  ],
};
