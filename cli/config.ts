// The environment, parsed once. A value is never part of a message: half of them are secrets.
import { DEVELOPMENT_SECRET } from './development-secret.ts';
import { REQUIRED, ROLES, SECRETS, configSchema, variables } from './config-schema.ts';
import type { Config, Role, VariableName } from './config-schema.ts';

export type { Config } from './config-schema.ts';

export type ConfigResult = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

/** Parses the environment; one line per problem, each naming its variable. Settings given by flag go before the environment's. */
export function parseConfig(
  env: Readonly<Record<string, string | undefined>>,
  flags: { readonly roles?: string; readonly port?: string } = {},
): ConfigResult {
  const given = {
    ...env,
    ...(flags.roles === undefined ? {} : { ROLES: flags.roles }),
    ...(flags.port === undefined ? {} : { PORT: flags.port }),
  };
  const parsed = configSchema.safeParse(withoutBlanks(given));
  if (!parsed.success)
    return { ok: false, problems: parsed.error.issues.map((issue) => `${String(issue.path[0])} ${worded(issue.message)}.`) };
  const problems = [...missing(parsed.data), ...contradictions(parsed.data)];
  return problems.length === 0 ? { ok: true, config: parsed.data } : { ok: false, problems };
}

/** As `parseConfig`, for a program: says the problems on standard error and ends it with exit code 2. */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>>,
  flags: { readonly roles?: string; readonly port?: string } = {},
): Config {
  const result = parseConfig(env, flags);
  if (result.ok) return result.config;
  process.stderr.write(`${result.problems.map((problem) => `Configuration: ${problem}`).join('\n')}\n`);
  process.exit(2);
}

/** An empty variable is one that is not set: compose files pass them so. */
function withoutBlanks(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const set = Object.keys(variables).flatMap((name) => {
    const value = env[name]?.trim() ?? '';
    return value === '' ? [] : [[name, value] as const];
  });
  return Object.fromEntries(set);
}

/** Our own messages go on from the name; zod's are sentences of their own. */
function worded(message: string): string {
  return /^(is|has|may|names|does) /.test(message) ? message : `is not right: ${message}`;
}

function missing(config: Config): string[] {
  const asked = new Map<string, Role[]>();
  for (const role of config.ROLES) {
    for (const need of REQUIRED[role]) {
      const names: readonly VariableName[] = typeof need === 'string' ? [need] : need;
      if (names.some((name) => config[name] !== undefined)) continue;
      const key = names.join(' or ');
      asked.set(key, [...(asked.get(key) ?? []), role]);
    }
  }
  return [...asked].map(
    ([names, roles]) => `${names} is not set; the ${roles.join(' and ')} ${roles.length === 1 ? 'role needs' : 'roles need'} it.`,
  );
}

function contradictions(config: Config): string[] {
  const problems: string[] = [];
  if (config.NODE_ENV === 'production' && config.JWT_SECRET === DEVELOPMENT_SECRET) {
    problems.push('JWT_SECRET is the development secret, which everybody knows; production needs its own.');
  }
  if (config.JWT_SECRET !== undefined && config.JWKS_URL !== undefined)
    problems.push('JWKS_URL and JWT_SECRET are both set; only one can be right.');
  if (config.MOYASAR_SECRET_KEY?.startsWith(`sk_${config.MOYASAR_MODE}_`) === false) {
    problems.push(`MOYASAR_SECRET_KEY is not a key of the mode that MOYASAR_MODE names (${config.MOYASAR_MODE}).`);
  }
  if (config.REDIS_CLUSTER_NODES.length > 0 && config.REDIS_SENTINELS.length > 0)
    problems.push('REDIS_SENTINELS and REDIS_CLUSTER_NODES are both set; only one can be right.');
  if (config.HEADERS_TIMEOUT_MS > config.REQUEST_TIMEOUT_MS) problems.push('HEADERS_TIMEOUT_MS is above REQUEST_TIMEOUT_MS.');
  if (config.IBAN_RANGE_FROM > config.IBAN_RANGE_TO) problems.push('IBAN_RANGE_TO is below IBAN_RANGE_FROM.');
  return problems;
}

/** The values that nobody may read, passwords of addresses included. */
export function secretsOf(config: Config): string[] {
  const values = SECRETS.flatMap((name) => config[name] ?? []);
  return [...values, ...values.flatMap(passwordOf)];
}

function passwordOf(value: string): string[] {
  if (!URL.canParse(value)) return [];
  const { password } = new URL(value);
  return password === '' ? [] : [password, decodeURIComponent(password)];
}

/** The README's table of variables, in Markdown. */
export function configTable(): string {
  const rows = Object.entries(variables).map(([name, schema]) => {
    const facts = schema.meta() ?? {};
    const range = typeof facts['range'] === 'string' ? ` (${facts['range']})` : '';
    return `| \`${name}\` | ${standardOf(schema)} | ${schema.description ?? ''}${range} | ${neededBy(name)} |`;
  });
  return ['| variable | default | meaning | needed by |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function standardOf(schema: (typeof variables)[VariableName]): string {
  const parsed = schema.safeParse(undefined);
  const standard: unknown = parsed.success ? parsed.data : undefined;
  const shown = typeof standard === 'string' || typeof standard === 'number' || Array.isArray(standard) ? String(standard) : '';
  return shown === '' ? '-' : `\`${shown}\``;
}

function neededBy(name: string): string {
  const roles = ROLES.filter((role) =>
    REQUIRED[role].some((need) => need === name || (typeof need !== 'string' && need.some((one) => one === name))),
  );
  return roles.length === 0 ? '-' : roles.join(', ');
}
