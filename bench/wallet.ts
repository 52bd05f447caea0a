/** What a busy wallet is: bytes of its snapshot, and objects in memory. No server, no clock: the figures hardly depend on the machine. */
import { getHeapSnapshot } from 'node:v8';
import { virtualAccount } from '../actors/virtual-account/decide.ts';
import { decideEntry, freshEnvelope } from '../engine/envelope.ts';
import type { Envelope } from '../engine/envelope.ts';
import type { Addressed, EntryId } from '../engine/message.ts';
import { encodeEnvelope } from '../engine/snapshot-codec.ts';
import { creditOf, openingOf, walletNumbers } from '../tests/support/deposits.ts';
import { lastLine, table } from './rig.ts';

export interface WalletOptions {
  readonly wallets: number;
  /** Credits of the first wallet; each other one has one more, up to twice as many, so that open pages of every length are met alike. */
  readonly credits: number;
}

export async function wallet({ wallets, credits }: WalletOptions): Promise<void> {
  await objectsAlive(); // what looking itself leaves behind is there before
  const before = await objectsAlive();
  const envelopes = walletNumbers(wallets).map((number, index) => credited(number, credits + (index % credits)));
  const after = await objectsAlive();
  const each = (sum: number): number => Math.round(sum / envelopes.length);
  const snapshotBytes = each(envelopes.reduce((sum, envelope) => sum + encodeEnvelope(envelope).length, 0));
  const figures = { snapshotBytes, heapObjects: each(after - before) };
  table([['of one wallet', ''], ...Object.entries(figures).map(([name, figure]) => [name, String(figure)])]);
  lastLine({ bench: 'wallet', ...figures, wallets: envelopes.length, credits });
}

function credited(number: string, credits: number): Envelope {
  let envelope = decide(freshEnvelope(virtualAccount, `virtual-account:${number}`), openingOf(number));
  for (let n = 0; n < credits; n += 1) envelope = decide(envelope, creditOf(number, { id: `bench/credits/${number}/${String(n)}` }));
  return envelope;
}

function decide(envelope: Envelope, message: Addressed): Envelope {
  const entry: EntryId = `${1_795_424_400_000 + envelope.head.n}-0`;
  return decideEntry(virtualAccount, envelope, { ...message, entry }).envelope;
}

/** To take a snapshot of the heap, V8 first collects what is not alive. */
async function objectsAlive(): Promise<number> {
  for await (const chunk of getHeapSnapshot()) {
    const count = /"node_count":(\d+)/.exec(String(chunk))?.[1];
    if (count !== undefined) return Number(count);
  }
  throw new Error('a heap snapshot without a count');
}
