// The `ironwallet` command.
import { Command, InvalidArgumentError } from 'commander';
import { makeToken, tokenRefusal } from './token.ts';

const program = new Command('ironwallet').description('Investment wallets on one omnibus bank account.').showHelpAfterError();

program
  .command('token')
  .description('make a token with the development secret')
  .requiredOption('--owner <sub>', 'the client whose wallets it opens')
  .option('--scope <scope>', 'ops for operators')
  .option('--ttl <seconds>', 'how long it is good', seconds)
  .action(async (options: { owner: string; scope?: string; ttl?: number }) => {
    const refusal = tokenRefusal(process.env);
    if (refusal !== undefined) return stop(refusal);
    const limits = { issuer: process.env['JWT_ISSUER'], audience: process.env['JWT_AUDIENCE'] };
    process.stdout.write(`${await makeToken({ owner: options.owner, scope: options.scope, ttlSeconds: options.ttl, ...limits })}\n`);
  });

function seconds(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('A whole number of seconds.');
  return Number(value);
}

function stop(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}

await program.parseAsync();
