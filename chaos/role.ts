/** A process of roles as `ironwallet start` makes it, but with newer rules: `CHAOS_RULES` versions above the product's. For chaos only. */
import { parseArgs } from 'node:util';
import { startWith } from '../cli/start.ts';
import { kindsUpTo } from './kinds.ts';

const { role, port } = parseArgs({ options: { role: { type: 'string' }, port: { type: 'string' } }, allowPositionals: true }).values;
await startWith(
  { ...(role === undefined ? {} : { role }), ...(port === undefined ? {} : { port }) },
  kindsUpTo(Number(process.env['CHAOS_RULES'] ?? '0')),
);
