// Writes what of the documents is generated: the service contracts, and the README's table of variables. Tests say when that is due.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, root } from './bootstrap.mjs';

prepare();
const { serviceContracts } = await import(pathToFileURL(path.join(root, 'dist', 'tests', 'docs', 'service-contracts.js')).href);
writeFileSync(path.join(root, 'docs', 'service-contracts.md'), serviceContracts());
await import('./config-table.mjs');
