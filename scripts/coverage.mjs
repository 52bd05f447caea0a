// The mark that the domain's rules must reach, from the summary that c8 left. Other folders are reported, not judged.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './bootstrap.mjs';

const FOLDER = 'actors';
const BRANCHES_MIN_PERCENT = 95;

const summary = JSON.parse(readFileSync(path.join(root, 'coverage', 'coverage-summary.json'), 'utf8'));
const files = Object.entries(summary).filter(([file]) => path.relative(root, file).startsWith(FOLDER + path.sep));
const sum = (key) => files.reduce((all, [, { branches }]) => all + branches[key], 0);
const percent = (100 * sum('covered')) / Math.max(1, sum('total'));
process.stdout.write(
  `${FOLDER}/: ${percent.toFixed(1)} % of ${sum('total')} branches in ${files.length} files, at least ${BRANCHES_MIN_PERCENT} % wanted\n`,
);
process.exitCode = percent >= BRANCHES_MIN_PERCENT ? 0 : 1;
