/**
 * Planted bugs: each is a change of one place in the sources, and the simulator must find it.
 *
 * P1  A mutant is a copy of the build in which one file was changed and compiled again; the product has no switches for it.
 * P2  A change that no longer fits its source is an error: the list must follow the code.
 * P3  The control: the same files, compiled in the same way but unchanged, must play all seeds that the bugs needed without a failure.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { MUTATIONS } from './mutations.ts';
import type { Mutation } from './mutations.ts';
import { runSeeds } from './pool.ts';

const SEEDS = 500;
/** The same for all. Not 1: no history of the seeds 1 to 500 happens to show a token that is not compared. */
const FROM = 501;
const BUILD = fileURLToPath(new URL('..', import.meta.url));
const ROOT = path.dirname(BUILD.replace(/[/]$/, ''));

/** Plants each bug in turn, and then none; prints a table and a last line of JSON. */
export async function runMutants(say: (line: string) => void): Promise<void> {
  const began = performance.now();
  const found: Shown[] = [];
  const row = (first: string, name: string, what: string): void => say(`${first.padEnd(9)}  ${name.padEnd(65)}  ${what}`);
  for (const mutation of MUTATIONS) {
    const { shown, histories } = await play(new Map([[mutation.file, mutated(mutation)]]), SEEDS);
    if (shown !== null) found.push(shown);
    row(shown === null ? 'NOT FOUND' : 'found', mutation.name, `${String(histories)} histories${shown === null ? '' : `, ${shown.text}`}`);
  }
  const control = await playControl(found);
  const isClean = control.shown === null;
  row(
    isClean ? 'clean' : 'FAILS',
    'nothing is changed',
    `${String(control.histories)} histories${isClean ? '' : `, ${control.shown.text}`}`,
  );
  const seconds = Math.round((performance.now() - began) / 1000);
  say(JSON.stringify({ planted: MUTATIONS.length, found: found.length, control: isClean ? 'clean' : 'fails', seconds }));
  process.exitCode = found.length === MUTATIONS.length && isClean ? 0 : 1;
}

interface Shown {
  readonly seed: number;
  readonly text: string;
}

interface Played {
  readonly histories: number;
  /** The first failure. */
  readonly shown: Shown | null;
}

/** P3: up to the largest seed at which a bug showed itself. */
function playControl(found: readonly Shown[]): Promise<Played> {
  const sources = new Map(MUTATIONS.map(({ file }) => [file, sourceOf(file)]));
  return play(sources, Math.max(FROM, ...found.map(({ seed }) => seed)) - FROM + 1);
}

/** Histories of a build in which these sources were compiled anew, until one fails. */
async function play(sources: ReadonlyMap<string, string>, count: number): Promise<Played> {
  const copy = path.join(ROOT, '.cache', 'mutant');
  plant(sources, copy);
  let histories = 0;
  const shown: Shown[] = [];
  try {
    await runSeeds({
      ...{ from: FROM, count, program: pathToFileURL(path.join(copy, 'simulation', 'seeds.js')) },
      onHistory: ({ seed, failure }) => {
        histories += 1;
        if (failure !== null) shown.push({ seed, text: `seed ${String(seed)}, ${failure.invariant}: ${failure.message.slice(0, 100)}` });
      },
      enough: ({ failure }) => failure !== null,
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  return { histories, shown: shown[0] ?? null };
}

function plant(sources: ReadonlyMap<string, string>, copy: string): void {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(path.dirname(copy), { recursive: true });
  cpSync(BUILD, copy, { recursive: true, filter: (source) => !/[.]map$|[.]test[.]js$/.test(source) });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  for (const [file, source] of sources) writeFileSync(path.join(copy, file.replace(/[.]ts$/, '.js')), compiled(source));
}

function compiled(source: string): string {
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2023,
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
  };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}

function sourceOf(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** The changed source. Throws when the place is not there exactly once (P2). */
export function mutated({ name, file, find, put }: Mutation): string {
  const source = sourceOf(file);
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`${name}: ${file} has ${String(places)} places like ${find}`);
  return source.replace(find, () => put);
}
