import test from 'ava';
import { playLines } from './play.ts';

const system = { gateway: 'http://g', omnibus: 'http://o', moyasar: 'http://m', bank: 'http://b', env: { REDIS_URL: 'redis://r' } };

test('the lines to play with go as they stand: every variable is set before, and nothing is left to fill in', async (t) => {
  const lines = (await playLines(system, { owner: 'alice', id: '123170000000000', iban: 'SA59' })).join('\n');
  const set = new Set([...lines.matchAll(/(?:^|\s)([A-Z_]+)=/gm)].map(([, name]) => name));
  const used = [...lines.matchAll(/\$([A-Z_]+)/g)].map(([, name]) => name).filter((name) => name !== 'RANDOM' && name !== 'RANDOMRANDOM');
  t.deepEqual(
    [...new Set(used)].filter((name) => !set.has(name)),
    [],
  );
  t.notRegex(lines, /<[a-z]/i);
});
