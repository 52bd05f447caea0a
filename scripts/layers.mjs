// Checks the layers of .dependency-cruiser.cjs. A check that looked at nothing fails too: under another TypeScript the cruiser has
// found no module and was content.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { FOLDERS, root } from './bootstrap.mjs';

process.chdir(root);
const folders = FOLDERS.filter((folder) => existsSync(folder));
const { forbidden, options } = createRequire(import.meta.url)(path.join(root, '.dependency-cruiser.cjs'));
const { output } = await cruise(folders, { ...options, ruleSet: { forbidden }, validate: true }, undefined, {
  tsConfig: extractTSConfig(path.join(root, 'tsconfig.json')),
});

const unseen = folders.filter((folder) => !output.modules.some((module) => module.source.startsWith(folder)));
const violations = output.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
for (const folder of unseen) process.stderr.write(`layers: no module of ${folder} was found\n`);
for (const violation of violations) process.stderr.write(`layers: ${violation}\n`);
process.stdout.write(`layers: ${output.modules.length} modules, ${violations.length} violations\n`);
process.exitCode = unseen.length + violations.length === 0 ? 0 : 1;
