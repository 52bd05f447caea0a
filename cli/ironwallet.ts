// The `ironwallet` command.
import os from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { audit } from './audit.ts';
import { dead } from './dead.ts';
import { demo } from './demo.ts';
import { inspect } from './inspect.ts';
import { load } from './load.ts';
import { mocks } from './mocks.ts';
import type { MocksOptions } from './mocks.ts';
import { parked } from './parked.ts';
import { proof } from './proof.ts';
import { replay } from './replay.ts';
import { restore } from './restore.ts';
import { resume } from './resume.ts';
import { simulate } from './simulate.ts';
import { skip } from './skip.ts';
import { start } from './start.ts';
import { reasonOf } from './text.ts';
import { token } from './token.ts';

// `ironwallet inspect … | head` closes our output early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const program = new Command('ironwallet').description('Investment wallets on one omnibus bank account.').showHelpAfterError();
const json = new Option('--json', 'for machines');
const actor = ['<actor>', '<kind>:<id>, e.g. virtual-account:123170000000017'] as const;

program
  .command('start')
  .description('serve the roles of this process')
  .option('--role <roles>', 'gateway, wallet, payments, omnibus, separated by commas (default: ROLES)')
  .option('--port <port>', 'where to listen; 0 takes a free one (default: PORT)')
  .action(start);

program
  .command('demo')
  .description('real servers, both fakes, four processes, and the story of both ways of funding a wallet')
  .option('--exit', 'end after the story: code 0 only if every step came out and the proof is zero')
  .option('--port <port>', 'port of the gateway (default: 8080, or a free one when that is taken)', whole)
  .action(demo);

program
  .command('mocks')
  .description('the fake Moyasar and the fake bank')
  .addOption(new Option('--only <fake>', 'one of them').choices(['moyasar', 'anb']))
  .option('--host <host>', 'where to listen', '127.0.0.1')
  .option('--port <port>', 'the port; with both fakes the bank takes the next one', whole)
  .option('--public-url <url>', 'the address by which customers reach the fake Moyasar')
  .action((options: MocksOptions) => mocks(options));

program
  .command('load')
  .description('many deposits into a running system, compared wallet by wallet with an own tally')
  .option('--wallets <n>', 'wallets to open', positive, 1000)
  .option('--deposits <n>', 'deposits to make', positive, 100_000)
  .option('--concurrency <n>', 'requests at a time', positive, 50)
  .option('--url <url>', 'the gateway', 'http://127.0.0.1:8080')
  .option('--ops <url>', 'the omnibus role (default: the gateway)')
  .option('--bank <url>', 'the fake bank', 'http://127.0.0.1:8092')
  .action(load);

program
  .command('token')
  .description('make a token with the development secret')
  .requiredOption('--owner <sub>', 'the client whose wallets it opens')
  .option('--scope <scope>', 'ops for operators')
  .option('--ttl <seconds>', 'how long it is good', whole)
  .action(token);

program
  .command('inspect')
  .description('what there is to know of an actor')
  .argument(...actor)
  .addOption(json)
  .action(inspect);
program
  .command('replay')
  .description('decide again what no snapshot covers, step by step')
  .argument(...actor)
  .option('--to <entry>', 'the last entry to decide')
  .addOption(json)
  .action(replay);
program.command('parked').description('actors that wait for an operator').addOption(json).action(parked);
program.command('dead').description('entries that were skipped').addOption(json).action(dead);
program
  .command('resume')
  .description('let a parked actor try again')
  .argument(...actor)
  .addOption(json)
  .action(resume);
program
  .command('skip')
  .description('move a parked actor over the entry that stopped it')
  .argument(...actor)
  .requiredOption('--why <text>', 'the reason, kept for ever')
  .option('--entry <entry>', 'the entry (default: the one it is parked at)')
  .option('--by <name>', 'who does it', os.userInfo().username)
  .addOption(json)
  .action(skip);
program.command('audit').description('recompute the chains and the totals').addOption(json).action(audit);
program
  .command('restore')
  .description('fill an empty Redis from MongoDB after it lost everything, and say what cannot be known')
  .option('--dry-run', 'only look, and say what would be done')
  .addOption(json)
  .action(restore);
program
  .command('proof')
  .description('totals per account class, the identity, and the difference to independent figures')
  .option('--date <date>', 'only this day of the statement, YYYY-MM-DD')
  .addOption(json)
  .action(proof);
program
  .command('simulate')
  .description('play a scenario on virtual time: who does what when, what goes wrong, what must come out; no server is needed')
  .requiredOption('--scenario <file>', 'JSON, see docs/reliability.md')
  .option('--trace', 'tell it step by step')
  .addOption(json)
  .action(simulate);

function whole(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('A whole number.');
  return Number(value);
}

function positive(value: string): number {
  const number = whole(value);
  if (number === 0) throw new InvalidArgumentError('A whole number above zero.');
  return number;
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exit(1);
}
