import { readFileSync } from 'node:fs';
import test from 'ava';
import { repositoryFolder } from '../mocks/servers/own-process.ts';
import { DEVELOPMENT_SECRET } from './development-secret.ts';
import { configTable, parseConfig } from './config.ts';
import { SECRETS, variables } from './config-schema.ts';

const COMPLETE = {
  JWT_SECRET: DEVELOPMENT_SECRET,
  MOYASAR_SECRET_KEY: 'sk_test_0123456789',
  MOYASAR_WEBHOOK_SECRET: 'webhook-secret',
  ANB_CLIENT_ID: 'client',
  ANB_CLIENT_SECRET: 'client-secret',
  ANB_ACCOUNT_NUMBER: '0108000000010016',
  ANB_WEBHOOK_SECRET_PATH: 'a-path-nobody-guesses',
};

function problems(env: Record<string, string>): readonly string[] {
  const result = parseConfig(env);
  return result.ok ? [] : result.problems;
}

test('a complete environment gives every variable a value or its default', (t) => {
  const result = parseConfig(COMPLETE);
  t.true(result.ok);
  if (!result.ok) return;
  t.deepEqual(result.config.ROLES, ['gateway', 'wallet', 'payments', 'omnibus']);
  t.is(result.config.PORT, 8080);
  t.is(result.config.SHARDS_WALLET, 64);
  t.is(result.config.CURRENCY, 'SAR');
  t.deepEqual(result.config.PLATFORM_IBANS, []);
});

test('roles and port given by flag go before the environment', (t) => {
  const result = parseConfig({ ROLES: 'omnibus', PORT: '1' }, { roles: 'wallet', port: '9000' });
  t.true(result.ok && result.config.PORT === 9000 && result.config.ROLES.join(',') === 'wallet');
});

test('a wallet worker needs nothing but its defaults', (t) => {
  t.deepEqual(problems({ ROLES: 'wallet' }), []);
});

test('each role says what it misses, one line for each variable, and who needs it', (t) => {
  t.deepEqual(problems({ ROLES: 'gateway' }), ['JWT_SECRET or JWKS_URL is not set; the gateway role needs it.']);
  t.deepEqual(problems({ ROLES: 'payments' }), [
    'MOYASAR_SECRET_KEY is not set; the payments role needs it.',
    'MOYASAR_WEBHOOK_SECRET is not set; the payments role needs it.',
  ]);
  t.deepEqual(problems({ ...COMPLETE, JWT_SECRET: '', ANB_CLIENT_ID: ' ' }), [
    'JWT_SECRET or JWKS_URL is not set; the gateway and omnibus roles need it.',
    'ANB_CLIENT_ID is not set; the omnibus role needs it.',
  ]);
});

const wrong: readonly [string, string, RegExp][] = [
  ['ROLES', 'wallet,bank', /may name gateway, wallet, payments, omnibus/],
  ['PORT', '65536', /is above 65535/],
  ['PORT', '80.5', /is not a whole number/],
  ['PORT', 'ten', /is not a whole number/],
  ['PUBLIC_URL', 'ftp://files', /is not an http or https address/],
  ['REDIS_URL', 'http://redis', /is not a redis address/],
  ['MONGODB_URL', 'redis://mongo', /is not a mongodb address/],
  ['MONGODB_DATABASE', 'a/b', /is not a database name/],
  ['LEASE_MS', '10', /is below 500/],
  ['MOYASAR_SECRET_KEY', 'pk_test_0123456789', /does not begin with sk_test_ or sk_live_/],
  ['MOYASAR_SECRET_KEY', 'sk_live_0123456789', /is not a key of the mode that MOYASAR_MODE names/],
  ['MOYASAR_MODE', 'staging', /test/],
  ['ANB_ACCOUNT_NUMBER', '12', /is not 16 digits/],
  ['ANB_WEBHOOK_SECRET_PATH', 'a/path/with/slashes', /has characters that a path may not/],
  ['IBAN_RANGE_FROM', '999999999999999', /IBAN_RANGE_TO is below IBAN_RANGE_FROM/],
  ['PLATFORM_IBANS', 'SA8530100123170000000017,12', /has an entry that is not an IBAN/],
  ['FEE_POLICY', 'nobody', /platform/],
  ['JWT_SECRET', 'short', /JWT_SECRET/],
  ['JWKS_URL', 'https://issuer.example/keys', /only one can be right/],
  ['NODE_ENV', 'production', /JWT_SECRET is the development secret/],
];
for (const [name, value, message] of wrong) {
  test(`${name}=${value} is one line that says what is wrong with it`, (t) => {
    const lines = problems({ ...COMPLETE, [name]: value });
    t.is(lines.length, 1, lines.join('\n'));
    t.regex(lines[0] ?? '', message);
  });
}

test('no problem shows the value of a variable', (t) => {
  const value = 'abcdefg\u0001';
  for (const name of Object.keys(variables)) {
    for (const line of problems({ ...COMPLETE, [name]: value })) t.false(line.includes(value), line);
  }
});

test('every variable has a meaning, and every secret among them is listed', (t) => {
  for (const [name, schema] of Object.entries(variables)) {
    t.truthy(schema.description, name);
    if (/SECRET|PASSWORD|REDIS|MONGO.*URL/.test(name))
      t.true(
        SECRETS.some((one) => one === name),
        name,
      );
  }
});

test('the table of variables in the README is the one of the schema', (t) => {
  const readme = readFileSync(`${repositoryFolder()}/README.md`, 'utf8');
  const shown = /<!-- config:start -->\s*([\s\S]*?)\s*<!-- config:end -->/.exec(readme)?.[1];
  t.is(shown, configTable(), 'run: node scripts/config-table.mjs');
});
