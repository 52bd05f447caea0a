/** A process of roles as `ironwallet start` makes it, but with newer rules: `CHAOS_RULES` versions above the product's. For chaos only. */
import { startWith } from '../cli/start.ts';
import { kindsUpTo } from './kinds.ts';

const options = Object.fromEntries(process.argv.flatMap((argument) => (argument.startsWith('--') ? [argument.slice(2).split('=')] : [])));
const [role, port]: readonly (string | undefined)[] = [options['role'], options['port']];
await startWith(
  { ...(role === undefined ? {} : { role }), ...(port === undefined ? {} : { port }) },
  kindsUpTo(Number(process.env['CHAOS_RULES'] ?? '0')),
);
