import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig } from '../cli/config.ts';
import { ROLES, variables } from '../cli/config-schema.ts';
import { repositoryFolder } from '../mocks/servers/own-process.ts';

const service = z.object({
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  healthcheck: z.object({ test: z.array(z.string()) }),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  profiles: z.array(z.string()).optional(),
  deploy: z.object({ replicas: z.number() }).optional(),
  image: z.string(),
  build: z.string().optional(),
  user: z.string().optional(),
});

const { services } = z.object({ services: z.record(z.string(), service) }).parse(parse(file('docker-compose.yml'), { merge: true }));
const fakes = ['fake-moyasar', 'fake-anb'];

function file(name: string): string {
  return readFileSync(path.join(repositoryFolder(), name), 'utf8');
}

function named(name: string): z.infer<typeof service> {
  const found = services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

/** As compose fills in `${NAME:-standard}` on a machine that sets nothing. */
function environmentOf(name: string): Record<string, string> {
  const entries = Object.entries(named(name).environment ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')]));
}

test('there is one service for each role, and nothing else but the stores and the fakes', (t) => {
  t.deepEqual(Object.keys(services).sort(), [...ROLES, ...fakes, 'redis', 'mongo'].sort());
});

for (const role of ROLES) {
  test(`the ${role} service starts its role with a configuration that it accepts`, (t) => {
    t.deepEqual(named(role).command, ['start', `--role=${role}`]);
    const result = parseConfig(environmentOf(role), { roles: role });
    t.deepEqual(result.ok ? [] : result.problems, []);
  });

  test(`the ${role} service sets no variable that the schema does not know`, (t) => {
    t.deepEqual(
      Object.keys(environmentOf(role)).filter((name) => !(name in variables)),
      [],
    );
  });

  test(`the ${role} service is built from the one Dockerfile, waits for healthy stores and says when it is ready`, (t) => {
    const { build, image, depends_on, healthcheck } = named(role);
    t.is(build, '.');
    t.is(image, 'ironwallet');
    t.deepEqual(depends_on, { redis: { condition: 'service_healthy' }, mongo: { condition: 'service_healthy' } });
    t.true(healthcheck.test.join(' ').includes('/readyz'));
  });
}

test('two wallet workers share the shards', (t) => {
  t.is(named('wallet').deploy?.replicas, 2);
});

test('the stores are reached by the names of their services', (t) => {
  for (const role of ROLES) {
    t.is(new URL(environmentOf(role)['REDIS_URL'] ?? '').hostname, 'redis');
    t.is(new URL(environmentOf(role)['MONGODB_URL'] ?? '').hostname, 'mongo');
  }
});

test('Redis has every setting that the engine demands', (t) => {
  const command = named('redis').command ?? [];
  const value = (name: string): string | undefined => command[command.indexOf(`--${name}`) + 1];
  t.is(value('appendonly'), 'yes');
  t.is(value('appendfsync'), 'always');
  t.is(value('no-appendfsync-on-rewrite'), 'no');
  t.is(value('save'), '');
  t.is(value('maxmemory-policy'), 'noeviction');
  t.regex(value('maxmemory') ?? '', /\d+[mg]b/);
  t.is(value('stream-node-max-bytes'), '512');
});

test('MongoDB is a one-node replica set that its health check makes', (t) => {
  const { command, healthcheck } = named('mongo');
  t.is(command?.[command.indexOf('--replSet') + 1], 'rs0');
  t.regex(healthcheck.test.join(' '), /rs\.initiate\(\{ _id: 'rs0', members: \[\{ _id: 0, host: 'mongo:27017' \}\] \}\)/);
  t.is(new URL(environmentOf('wallet')['MONGODB_URL'] ?? '').searchParams.get('replicaSet'), 'rs0');
});

test('the fake providers stand under the demo profile and are what the roles call by default', (t) => {
  for (const name of fakes) t.deepEqual(named(name).profiles, ['demo']);
  t.is(new URL(environmentOf('payments')['MOYASAR_API_URL'] ?? '').host, 'fake-moyasar:8080');
  t.is(new URL(environmentOf('omnibus')['ANB_API_URL'] ?? '').host, 'fake-anb:8080');
});

test('the fakes share their credentials with the roles that call them', (t) => {
  for (const name of ['MOYASAR_SECRET_KEY', 'MOYASAR_WEBHOOK_SECRET']) {
    for (const role of ['payments', 'omnibus']) t.is(environmentOf('fake-moyasar')[name], environmentOf(role)[name]);
  }
  for (const name of ['ANB_CLIENT_ID', 'ANB_CLIENT_SECRET', 'ANB_ACCOUNT_NUMBER']) {
    t.is(environmentOf('fake-anb')[name], environmentOf('omnibus')[name]);
  }
});

test('every command and flag of the compose file is one that the program has', async (t) => {
  const program = fileURLToPath(new URL('../cli/ironwallet.js', import.meta.url));
  for (const name of [...ROLES, ...fakes]) {
    const [command = '', ...flags] = named(name).command ?? [];
    const { stdout } = await promisify(execFile)(process.execPath, [program, command, '--help']);
    for (const flag of flags) t.true(stdout.includes(flag.split('=')[0] ?? flag), `${command} has no ${flag}`);
  }
});

test('the image runs as a user without rights, has a health check and starts the command by default', (t) => {
  const lines = file('Dockerfile').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  t.true(last.includes('USER node'));
  t.true(last.some((line) => line.startsWith('HEALTHCHECK')));
  t.true(last.includes('ENTRYPOINT ["node", "--enable-source-maps", "--max-semi-space-size=32", "dist/cli/ironwallet.js"]'));
  t.true(last.includes('CMD ["start"]'));
});
