import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { KINDS } from '../actors/kinds.ts';
import { repositoryFolder } from '../mocks/servers/own-process.ts';
import { anchorsOf, withoutCode } from './docs/anchors.ts';
import { play } from './docs/play.ts';
import { sendersOf, serviceContracts } from './docs/service-contracts.ts';

const ROOT = repositoryFolder();
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** The pages of people, relative to the repository. */
function pages(): string[] {
  const docs = existsSync(path.join(ROOT, 'docs')) ? readdirSync(path.join(ROOT, 'docs'), { recursive: true }) : [];
  const inDocs = docs.map((name) => path.join('docs', String(name)));
  return ['README.md', 'CHANGELOG.md', path.join('bench', 'README.md'), ...inDocs].filter(
    (name) => name.endsWith('.md') && existsSync(path.join(ROOT, name)),
  );
}

test('every message of every kind is sent by somebody in the story that the contracts are made of', (t) => {
  const senders = sendersOf(play());
  for (const kind of KINDS)
    for (const type of Object.keys(kind.messages)) t.true(senders.has(`${kind.name}.${type}`), `${kind.name}: ${type}`);
});

test('docs/service-contracts.md is what the schemas say today', (t) => {
  t.true(read('docs/service-contracts.md') === serviceContracts(), 'it is old: run npm run docs');
});

test('every link between the pages leads somewhere', (t) => {
  const broken = pages().flatMap((page) =>
    [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^[a-z]+:/.test(link) && !leads(page, link))
      .map((link) => `${page}: ${link}`),
  );
  t.deepEqual(broken, []);
});

function leads(page: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? page : path.normalize(path.join(path.dirname(page), file));
  if (!existsSync(path.join(ROOT, target))) return false;
  return anchor === undefined || anchorsOf(read(target)).has(anchor);
}

const METRIC = /\bironwallet_[a-z_]*[a-z]\b/g;

function metricsIn(text: string): Set<string> {
  return new Set([...text.matchAll(METRIC)].map(([name]) => name));
}

test('the pages name only metrics that exist, and the operations page names all of them', (t) => {
  const existing = metricsIn(['engine/metrics.ts', 'http/metrics.ts'].map(read).join('\n'));
  const named = metricsIn(pages().map(read).join('\n'));
  t.deepEqual(
    [...named].filter((name) => !existing.has(name)),
    [],
  );
  const explained = metricsIn(read('docs/operations.md'));
  t.deepEqual(
    [...existing].filter((name) => !explained.has(name)),
    [],
  );
});
