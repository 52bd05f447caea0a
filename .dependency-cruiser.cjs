// The layers, as whitelists: what a folder may import is listed, everything else is an error. (A blacklist of `^node:` missed
// `node:fs/promises`.) Tests are free: they build what they test.
const TEST = '[.]test[.]ts$|/testing/';
const ACTORS_PUBLIC = 'actors/([^/]+[.]ts$|[^/]+/messages[.]ts$)';

const packages = (...names) => `node_modules/(@types/)?(${names.map((name) => name.replaceAll('.', '[.]')).join('|')})/`;
const layer = (name, from, ...allowed) => ({ name, severity: 'error', from, to: { pathNot: `^(${allowed.join('|')})` } });
const withNode = (rule) => ({ ...rule, to: { ...rule.to, dependencyTypesNot: ['core'] } });

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    layer(
      'actors-are-pure',
      { path: '^actors/', pathNot: TEST },
      'actors/',
      'engine/(actor|message)[.]ts$',
      packages('zod', 'bignumber.js'),
    ),
    {
      name: 'actors-meet-in-messages',
      severity: 'error',
      from: { path: '^actors/([^/]+)/', pathNot: TEST },
      to: { path: '^actors/[^/]+/', pathNot: '^actors/$1/|/messages[.]ts$' },
    },
    withNode(
      layer('engine-knows-no-product', { path: '^engine/', pathNot: TEST }, 'engine/', packages('p-queue', 'lru-cache', 'retry', 'zod')),
    ),
    withNode(
      layer(
        'http-sees-no-provider',
        { path: '^http/', pathNot: TEST },
        'http/',
        'engine/',
        ACTORS_PUBLIC,
        'actors/[^/]+/(state|view|views)[.]ts$',
        packages(
          'koa',
          '@koa/router',
          'koa-bodyparser',
          'zod',
          'jose',
          'lru-cache',
          'prom-client',
          'bignumber.js',
          'ibantools',
          'rate-limiter-flexible',
        ),
      ),
    ),
    withNode(
      layer(
        'providers-see-no-edge',
        { path: '^providers/', pathNot: TEST },
        'providers/',
        'engine/',
        ACTORS_PUBLIC,
        packages('ioredis', 'mongodb', 'p-queue', 'retry', 'zod', 'bignumber.js', 'ibantools', 'prom-client', 'pino', 'lru-cache'),
      ),
    ),
    layer('proof-looks-at-actors', { path: '^proof/', pathNot: TEST }, 'proof/', 'engine/', 'actors/'),
    withNode(
      layer('in-memory-ports-know-the-engine', { path: '^mocks/memory/', pathNot: TEST }, 'mocks/memory/', 'engine/', packages('zod')),
    ),
    withNode(layer('fakes-share-no-code', { path: '^mocks/', pathNot: `^mocks/memory/|${TEST}` }, 'mocks/', 'node_modules/')),
    {
      name: 'main-alone-builds',
      comment: 'The parts are put together in main.ts; programs around it (cli, bench, chaos, simulation, tests) start from there.',
      severity: 'error',
      from: { pathNot: `^(main[.]ts$|wiring/|cli/|bench/|chaos/|simulation/|tests/)|${TEST}` },
      to: { path: '^(main[.]ts$|wiring/|cli/|bench/|chaos/|simulation/|tests/)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
