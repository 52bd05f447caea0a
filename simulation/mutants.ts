/**
 * Planted bugs: each is a change of one place in the sources, and the simulator must find it.
 *
 * P1  A mutant is a copy of the build in which one file was changed and compiled again; the product has no switches for it.
 * P2  A change that no longer fits its source is an error: the list must follow the code.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { MUTATIONS } from './mutations.ts';
import type { Mutation } from './mutations.ts';
import { runSeeds } from './pool.ts';

const SEEDS = 500;
/** Where they begin is arbitrary, but the same for all. */
const FROM = 501;
const BUILD = fileURLToPath(new URL('..', import.meta.url));
const ROOT = path.dirname(BUILD.replace(/[/]$/, ''));

/** Plants each bug in turn; prints a table and a last line of JSON. */
export async function runMutants(say: (line: string) => void): Promise<void> {
  const began = performance.now();
  let found = 0;
  for (const mutation of MUTATIONS) {
    const result = await hunt(mutation);
    if (result !== null) found += 1;
    say(`${result === null ? 'NOT FOUND' : 'found'.padEnd(9)}  ${mutation.name.padEnd(60)}  ${result ?? `in ${String(SEEDS)} histories`}`);
  }
  say(JSON.stringify({ planted: MUTATIONS.length, found, seconds: Math.round((performance.now() - began) / 1000) }));
  process.exitCode = found === MUTATIONS.length ? 0 : 1;
}

/** How it showed itself; null when it did not. */
async function hunt(mutation: Mutation): Promise<string | null> {
  const copy = path.join(ROOT, '.cache', 'mutant');
  plant(mutation, copy);
  let histories = 0;
  const shown: string[] = [];
  try {
    await runSeeds({
      ...{ from: FROM, count: SEEDS, program: pathToFileURL(path.join(copy, 'simulation', 'seeds.js')) },
      onHistory: ({ seed, failure }) => {
        histories += 1;
        if (failure !== null) shown.push(`seed ${String(seed)}, ${failure.invariant}: ${failure.message.slice(0, 100)}`);
      },
      enough: ({ failure }) => failure !== null,
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  const [first] = shown;
  return first === undefined ? null : `${String(histories)} histories, ${first}`;
}

function plant(mutation: Mutation, copy: string): void {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(path.dirname(copy), { recursive: true });
  cpSync(BUILD, copy, { recursive: true, filter: (source) => !/[.]map$|[.]test[.]js$/.test(source) });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  const { outputText } = ts.transpileModule(mutated(mutation), {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
    },
  });
  writeFileSync(path.join(copy, mutation.file.replace(/[.]ts$/, '.js')), outputText);
}

/** The changed source. Throws when the place is not there exactly once (P2). */
export function mutated({ name, file, find, put }: Mutation): string {
  const source = readFileSync(path.join(ROOT, file), 'utf8');
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`${name}: ${file} has ${String(places)} places like ${find}`);
  return source.replace(find, () => put);
}
