/** The fake Moyasar in a process of its own. Prints its address. Usage: `fake-moyasar.js <secret key>`. */
import { startFakeMoyasar } from '../mocks/moyasar/server.ts';

const [secretKey = ''] = process.argv.slice(2);
const moyasar = await startFakeMoyasar({ secretKeys: [secretKey], webhookRetriesMs: [100, 200, 400, 800, 1600] });
process.stdout.write(`serving ${moyasar.url}\n`);
