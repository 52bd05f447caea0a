// Writes the table of environment variables into the README, between its two markers. A test says when that is due.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, root } from './bootstrap.mjs';

prepare();
const { configTable } = await import(pathToFileURL(path.join(root, 'dist', 'cli', 'config.js')).href);
const file = path.join(root, 'README.md');
const markers = /(<!-- config:start -->)[\s\S]*?(<!-- config:end -->)/;
const readme = readFileSync(file, 'utf8');
if (!markers.test(readme)) throw new Error('README.md has no markers <!-- config:start --> and <!-- config:end -->.');
writeFileSync(
  file,
  readme.replace(markers, (_, start, end) => `${start}\n\n${configTable()}\n\n${end}`),
);
