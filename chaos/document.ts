/** The table of `docs/reliability.md`: the rows of this run, and those of earlier runs for the faults that it did not play. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryFolder } from '../mocks/servers/own-process.ts';
import type { Fault } from './fault.ts';
import { seconds } from './report.ts';
import type { RoundResult } from './round.ts';

const FILE = path.join('docs', 'reliability.md');
const BEGIN = '<!-- chaos: this table is written by `npm run chaos -- --write` -->';
const END = '<!-- chaos: end -->';
const HEAD = ['fault', 'rounds', 'lost', 'doubled', 'longest time without progress', 'how it is detected'];

type Rounds = readonly Pick<RoundResult, 'fault' | 'lost' | 'doubled' | 'tail' | 'stillMs'>[];

/** Puts the rows of these rounds into the document. */
export function writeTable(faults: readonly Fault[], rounds: Rounds): void {
  const file = path.join(repositoryFolder(), FILE);
  writeFileSync(file, withTable(readFileSync(file, 'utf8'), faults, rounds));
}

/** The document with the table of these rounds; throws when it has no place for one. */
export function withTable(document: string, faults: readonly Fault[], rounds: Rounds): string {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${FILE} has no place for the table`);
  const known = new Map(
    document
      .slice(from, to)
      .split('\n')
      .map((line) => [nameIn(line), line]),
  );
  const rows = faults.flatMap((fault) => {
    const played = rounds.filter((one) => one.fault === fault.name);
    return played.length > 0 ? [rowOf(fault, played)] : [known.get(fault.name) ?? unplayed(fault)];
  });
  const table = [row(HEAD), row(HEAD.map(() => '---')), ...rows].join('\n');
  return `${document.slice(0, from)}${BEGIN}\n\n${table}\n\n${document.slice(to)}`;
}

/** The name in the first cell of a row; empty where there is none. */
function nameIn(line: string): string {
  return /^\| `([\w-]+)`/.exec(line)?.[1] ?? '';
}

function rowOf(fault: Fault, rounds: Rounds): string {
  const sum = (of: (one: Rounds[number]) => number): number => rounds.reduce((total, one) => total + of(one), 0);
  const tail = sum((one) => one.tail.length);
  const lost = `${String(sum((one) => one.lost))}${fault.losesTail === true ? ` (${String(tail)} commands of lost tails were listed, and had one effect when repeated)` : ''}`;
  const longest = seconds(Math.max(...rounds.map(({ stillMs }) => stillMs)));
  return row([titleOf(fault), String(rounds.length), lost, String(sum(({ doubled }) => doubled)), longest, fault.detected]);
}

function unplayed(fault: Fault): string {
  return row([titleOf(fault), '0', '-', '-', '-', fault.detected]);
}

function titleOf({ name, title }: Fault): string {
  return `\`${name}\`: ${title}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
