/** `npm run bench -- <name>`: each bench answers one question, prints a table and, last, one line of JSON. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { accept } from './accept.ts';
import { ceiling } from './ceiling.ts';
import { credits } from './credits.ts';
import { deposits } from './deposits.ts';
import { fairness } from './fairness.ts';
import { lineToCredit } from './line-to-credit.ts';
import { memory } from './memory.ts';
import { reconcile } from './reconcile.ts';
import { repeat } from './repeat.ts';
import { restart } from './restart.ts';
import { scale } from './scale.ts';
import { soak } from './soak.ts';
import { steps } from './steps.ts';
import { topUps } from './top-ups.ts';
import { wallet } from './wallet.ts';

const program = new Command('bench').description('What IronWallet does per second on this machine.').showHelpAfterError();

program
  .command('deposits')
  .description('statement lines at the fake bank -> credited wallets, against the bare loop')
  .option('--wallets <n>', 'wallets', whole, 10_000)
  .option('--working-set <n>', 'so many of them get lines; all when left out', whole)
  .addOption(new Option('--spread <how>', 'of the lines over the wallets').choices(['uniform', 'zipf']).default('uniform'))
  .option('--deposits <n>', 'statement lines', whole, 200_000)
  .option('--page-size <n>', 'lines of a statement page', whole, 500)
  .option('--days <n>', 'post dates the lines are spread over', whole, 5)
  .option('--shards <n>', 'shards of the wallet role, here and in the bare loop', whole, 16)
  .action(deposits);

program
  .command('guard')
  .description('the same in little, for CI: fails when the whole path falls far behind the bare loop of the same run')
  .option('--at-least <share>', 'of the bare loop', Number, 0.15)
  .action(({ atLeast }: { atLeast: number }) =>
    deposits({ wallets: 2_000, spread: 'uniform', deposits: 20_000, pageSize: 500, days: 2, shards: 16, atLeast }),
  );

program
  .command('steps')
  .description('microseconds of Node per deposit in every step of its way, without servers')
  .option('--wallets <n>', 'wallets', whole, 10_000)
  .option('--deposits <n>', 'statement lines', whole, 40_000)
  .option('--page-size <n>', 'lines of a statement page', whole, 500)
  .action(steps);

program
  .command('wallet')
  .description('what a busy wallet is: bytes of its snapshot, and objects in memory')
  .option('--wallets <n>', 'wallets', whole, 1_000)
  .option('--credits <n>', 'of each at least, twice as many at most', whole, 100)
  .action(wallet);

program
  .command('ceiling')
  .description(
    "the most that is possible here: the bare loop with the work of a deposit's pure functions, MongoDB and bank, and nothing else",
  )
  .option('--wallets <n>', 'wallets, one for each process at least', whole, 10_000)
  .option('--messages <n>', 'credits', whole, 200_000)
  .option('--processes <n>', 'that share the work evenly', whole, 2)
  .option('--micros <n>', 'of work for each: steps 58, MongoDB 10, the bank 7', whole, 75)
  .action(ceiling);

program
  .command('accept')
  .description('commands and reads over HTTP at constant rates, each timed from when it was due')
  .option('--rates <list>', 'requests per second, one step each', wholes, [200, 500, 1_000, 2_000])
  .addOption(new Option('--kind <kind>', 'what to ask').choices(['commands', 'reads', 'both']).default('both'))
  .option('--seconds <n>', 'how long each step takes', whole, 15)
  .option('--nothing-behind', 'payments and omnibus account stand still during each step', false)
  .action(accept);

program
  .command('top-ups')
  .description('whole lives of card top-ups, from the request to paid')
  .option('--top-ups <n>', 'how many', whole, 3_000)
  .option('--customers <n>', 'at a time', whole, 50)
  .option('--wallets <n>', 'wallets, at most 100', whole, 100)
  .action(topUps);

program
  .command('fairness')
  .description('decisions of quiet wallets beside a hot one with a long backlog, against the same without it')
  .option('--entries <n>', 'entries that wait in the hot wallet', whole, 100_000)
  .option('--others <n>', 'quiet wallets of the same shard', whole, 1_000)
  .option('--rate <n>', 'entries per second for the quiet wallets together', whole, 100)
  .option('--seconds <n>', 'how long each phase without the hot one takes', whole, 6)
  .option('--ratio-max <ratio>', 'of the two p99; more is a failure', Number, 3)
  .action(fairness);

program
  .command('credits')
  .description(
    'posting alone, as ledgers are compared: credits straight into mailboxes, one a request and in bulks, and how long each takes',
  )
  .option('--wallets <n>', 'wallets, one after the other', whole, 1_000)
  .option('--callers <list>', 'who each have one request under way; two steps each', wholes, [16, 32, 64])
  .option('--bulk <n>', 'credits of a bulk', whole, 50)
  .option('--rates <list>', 'credits per second, one a request, whoever still waits; one step each', wholes, [1_000, 3_300])
  .option('--seconds <n>', 'how long each step takes', whole, 15)
  .action(credits);

program
  .command('restart')
  .description('from kill -9 of a process with many actors until it serves again, and the load of an actor with a long tail')
  .option('--wallets <n>', 'actors', whole, 100_000)
  .option('--entries <n>', 'entries of history of all together, opening included', whole, 1_000_000)
  .option('--credits <n>', 'wallets at random that are to commit one credit each', whole, 1_000)
  .option('--tail <n>', 'entries after the snapshot of the wallet that is loaded cold', whole, 10_000)
  .option('--tail-wallets <n>', 'wallets that it is spread over', whole, 1)
  .option('--lease-ms <n>', 'LEASE_MS of the process', whole, 5_000)
  .option('--elsewhere', 'start it again at another port, as on another machine', false)
  .action(restart);

program
  .command('line-to-credit')
  .description("from a line at the bank, which tells of it by webhook, to the wallet's server-sent event, at a constant rate")
  .option('--rate <n>', 'lines per second', whole, 200)
  .option('--seconds <n>', 'how long', whole, 15)
  .option('--wallets <n>', 'wallets, each with a stream', whole, 50)
  .action(lineToCredit);

program
  .command('scale')
  .description('the same deposits with 1, 2, 4 workers, on one Redis and on a cluster of three masters')
  .option('--deposits <n>', 'statement lines', whole, 10_000)
  .option('--wallets <n>', 'wallets', whole, 2_000)
  .option('--replicas <n>', 'of each master, 0 or 1', Number, 1)
  .action(scale);

program
  .command('reconcile')
  .description('settlement rows against expected payments, with noise: every wrong row found as what it is, and nothing else')
  .option('--rows <n>', 'expected payments, and as many settlement rows', whole, 100_000)
  .option('--noise <share>', 'of the rows that are wrong', Number, 0.2)
  .option('--seed <n>', 'of amounts, noise and order', whole, 1)
  .option('--seconds-max <n>', 'more is a failure', whole)
  .option('--mib-max <n>', 'more resident memory is a failure', whole)
  .action(reconcile);

program
  .command('memory')
  .description('bytes of Redis per idle, open and waiting wallet; how large a worker is with all of them in memory')
  .option('--wallets <n>', 'wallets', whole, 100_000)
  .option('--entries <n>', 'entries that wait in each', whole, 2)
  .option('--idle-max <n>', 'bytes of an idle wallet; more is a failure', whole, 250)
  .action(memory);

program
  .command('soak')
  .description('credits at a share of the maximum rate for many minutes: Redis and worker must not grow, streams stay short')
  .option('--minutes <n>', 'how long', whole, 20)
  .option('--share <share>', 'of the maximum, measured at the beginning', Number, 0.6)
  .option('--wallets <n>', 'wallets', whole, 1_000)
  .option('--burst <n>', 'credits of the burst that measures the maximum', whole, 50_000)
  .option('--every <n>', 'seconds between two samples', whole, 15)
  .action(soak);

program
  .command('repeat')
  .description("benches in turn, each in a process of its own: median and spread of every figure; 'deposits --wallets 1' is one bench")
  .argument('<bench...>', 'names with their options, each in quotation marks')
  .option('--runs <n>', 'how often', whole, 5)
  .action(repeat);

function whole(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('A whole number above zero.');
  return Number(value);
}

function wholes(value: string): number[] {
  return value.split(',').map(whole);
}

await program.parseAsync();
