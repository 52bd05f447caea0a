#!/usr/bin/env node
// The `ironwallet` command. It works on a fresh clone, before anything was installed.
import { go, prepare } from './bootstrap.mjs';

prepare();
await go('dist/cli/ironwallet.js', process.argv.slice(2));
