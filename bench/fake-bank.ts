/** The fake bank in a process of its own, so that its work is not counted as ours. Prints its address. Usage: `fake-bank.js <account> <page size>`. */
import { startFakeAnb } from '../mocks/anb/server.ts';

const [accountNumber = '', pageSize = '20'] = process.argv.slice(2);
const bank = await startFakeAnb({ accounts: [{ accountNumber }], pageSizeMax: Number(pageSize) });
process.stdout.write(`serving ${bank.url}\n`);
