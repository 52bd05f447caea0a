/** The load: clients that open wallets, are sent transfers, top up by card, spend and look, all at once and all written down. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../mocks/control/random.ts';
import { halalasOf, isPromised, textOf } from './ledger.ts';
import type { Command, Ledger, Wallet } from './ledger.ts';
import { at, request } from './requests.ts';
import type { Answered } from './requests.ts';
import type { Outside } from './stage.ts';

export interface LoadOptions {
  readonly stage: Outside;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Names this round's keys and owners. */
  readonly name: string;
  /** What was promised may be lost. */
  readonly losesTail: boolean;
  /** False where what was read may be lost and decided anew: a tail is cut off, or a replica goes on that had not heard of it yet. */
  readonly readsGrow: boolean;
}

export interface Load {
  /**
   * No new requests; resolves when every request is answered, with those that are not within the time. What goes on then is stopped: it
   * would ask and pay in later rounds.
   */
  finish(ms: number): Promise<readonly Command[]>;
}

const CURRENCY = 'SAR';
const WALLETS = 20;
const WALLETS_PER_OWNER = 5;
const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 600;
const OPENED_MS_MAX = 90_000;
/** More than one request takes. */
const STOPPED_MS_MAX = 15_000;
const OPERATOR = { as: 'chaos-operator', scope: 'ops' } as const;
/** Streams of requests at a time, by what they do. Each does one after the other. */
const STREAMS = { deposits: 2, topUps: 3, debits: 1, reads: 2, positions: 1, wallets: 1 } as const;

/** Opens the round's wallets; resolves when all are open, throws when they are not in time. */
export async function openWallets({ stage, ledger, name, random }: LoadOptions): Promise<void> {
  const commands = Array.from({ length: WALLETS }, (_, index) =>
    openCommand(name, `o${String(index)}`, Math.floor(index / WALLETS_PER_OWNER)),
  );
  ledger.commands.push(...commands);
  const asking = { stage, ledger, random, isStopped: false };
  const asked = Promise.all(commands.map((command) => untilAnswered(command, asking)));
  await Promise.race([asked, sleep(OPENED_MS_MAX, undefined, { ref: false })]);
  asking.isStopped = true;
  if (commands.some(({ answer }) => answer === null)) throw new Error('the wallets of the round could not be opened');
}

/** Begins; runs until `finish`. */
export function startLoad(options: LoadOptions): Load {
  const state: Running = {
    ...options,
    wallets: [...options.ledger.wallets],
    received: new Map(),
    isOver: false,
    isStopped: false,
    count: 0,
  };
  const run = async (act: (state: Running) => Promise<void>, pauseMs: number): Promise<void> => {
    while (!state.isOver) {
      await act(state);
      await sleep(state.random.integer(0, 2 * pauseMs));
    }
  };
  const streams = [
    ...many(STREAMS.deposits, () => run(deposit, 150)),
    ...many(STREAMS.topUps, () => run(topUp, 400)),
    ...many(STREAMS.debits, () => run(debit, 500)),
    ...many(STREAMS.reads, () => run(read, 100)),
    ...many(STREAMS.positions, () => run(readPosition, 1_000)),
    ...many(STREAMS.wallets, () => run(openOne, 1_500)),
  ];
  return {
    async finish(ms) {
      state.isOver = true;
      const ended = Promise.all(streams);
      await Promise.race([ended, sleep(ms, undefined, { ref: false })]);
      state.isStopped = true;
      await Promise.race([ended, sleep(STOPPED_MS_MAX, undefined, { ref: false })]);
      return state.ledger.commands.filter(({ answer }) => answer === null);
    },
  };
}

/** What an unanswered request needs to be repeated. */
interface Asking extends Pick<LoadOptions, 'stage' | 'ledger' | 'random'> {
  /** Nothing is asked or paid any more, answered or not. */
  isStopped: boolean;
}

interface Running extends LoadOptions, Asking {
  /** Those that are sent money: open since before the load began. */
  readonly wallets: readonly Wallet[];
  /** By wallet: the most it was seen to have. */
  readonly received: Map<string, bigint>;
  /** Nothing new is begun. */
  isOver: boolean;
  count: number;
}

function many<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

function anyOf<T>(random: Random, items: readonly T[]): T {
  const item = items[random.integer(0, items.length - 1)];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
}

function openCommand(round: string, key: string, owner: number): Command {
  const facts = {
    kind: 'open_wallet',
    as: `chaos-${round}-${String(owner)}`,
    path: '/v1/wallets',
    body: {},
    wallet: null,
    amount: 0n,
  } as const;
  return { ...facts, key: `${round}-${key}`, tries: 0, answer: null, ids: new Set() };
}

async function deposit({ stage, ledger, random, wallets }: Running): Promise<void> {
  const wallet = anyOf(random, wallets);
  const amount = BigInt(random.integer(100, 90_000));
  await stage.bank.transfer({ to: wallet.iban, amount: textOf(amount), sender: 'CHAOS', notify: true });
  ledger.deposits.push({ wallet, amount });
}

function nextKey(state: Running, kind: string): string {
  state.count += 1;
  return `${state.name}-${kind}-${String(state.count)}`;
}

/** Asks for a top-up; three of four are paid. */
async function topUp(state: Running): Promise<void> {
  const { stage, ledger, random, wallets } = state;
  const [wallet, amount] = [anyOf(random, wallets), BigInt(random.integer(100, 50_000))];
  const command = await requestTopUp(state, { wallet, amount, key: nextKey(state, 't') });
  if (!isPromised(command) || random.next() >= 0.75) return;
  const invoice = await invoiceOf(command, state);
  if (invoice === null) return;
  await stage.moyasar.pay(invoice);
  ledger.paid.push({ command, topUp: command.answer?.id ?? '', reaches: 'wallet' });
}

export async function requestTopUp(
  asking: Asking,
  { wallet, amount, key }: Pick<Command, 'amount' | 'key'> & { readonly wallet: Wallet },
): Promise<Command> {
  const command: Command = {
    ...{ kind: 'top_up', key, as: wallet.owner, path: `/v1/wallets/${wallet.id}/top-ups` },
    ...{ body: { amount: textOf(amount), currency: CURRENCY }, wallet, amount, tries: 0, answer: null, ids: new Set<string>() },
  };
  asking.ledger.commands.push(command);
  await untilAnswered(command, asking);
  return command;
}

/**
 * The customer follows the checkout, however often it must be tried. A checkout that is gone, when the load is over, was in a lost tail. Null
 * when it never led to an invoice: nothing is paid then, and the reconciliation asks for the invoice of every promise.
 */
export async function invoiceOf(command: Command, asking: Asking & { readonly isOver?: boolean }): Promise<string | null> {
  for (;;) {
    const { status, invoice } = await checkout(command);
    if (asking.isStopped) return null;
    if (invoice !== null) return invoice;
    count(asking.ledger, status);
    if (status === 404 && asking.isOver === true) return null;
    await sleep(PAUSE_MIN_MS);
  }
}

/** The invoice that the checkout of a top-up leads to, null when it leads nowhere. */
export async function checkout({ answer }: Command): Promise<{ readonly status: number; readonly invoice: string | null }> {
  const { status, location } = await request({ url: at(answer?.body, 'checkoutUrl') });
  const invoice = /invoices\/([\w-]+)/.exec(location ?? '')?.[1];
  return { status, invoice: status === 303 && invoice !== undefined ? invoice : null };
}

async function debit(state: Running): Promise<void> {
  const { ledger, random, wallets } = state;
  const wallet = anyOf(random, wallets);
  const amount = BigInt(random.integer(100, 2_000));
  const command: Command = {
    ...{ kind: 'debit', key: nextKey(state, 'd'), as: OPERATOR.as, path: `/ops/v1/wallets/${wallet.id}/debits` },
    ...{
      body: { amount: textOf(amount), currency: CURRENCY, purpose: 'Chaos' },
      wallet,
      amount,
      tries: 0,
      answer: null,
      ids: new Set<string>(),
    },
  };
  ledger.commands.push(command);
  await untilAnswered(command, state);
}

async function openOne(state: Running): Promise<void> {
  const command = openCommand(state.name, nextKey(state, 'w'), state.count);
  state.ledger.commands.push(command);
  await untilAnswered(command, state);
}

/** Looks at a wallet that was promised: it is there, what it shows must have been sent there, and what it received never becomes less. */
async function read(state: Running): Promise<void> {
  const { stage, ledger, random } = state;
  const wallet = anyOf(random, state.losesTail ? state.wallets : ledger.wallets);
  const seenBefore = state.received.get(wallet.id) ?? 0n;
  const { status, body } = await request({ url: `${anyOf(random, stage.of('gateway')).url}/v1/wallets/${wallet.id}`, as: wallet.owner });
  if (status === 404) ledger.wrongReads.push(`${wallet.id} was promised and is not found`);
  if (status !== 200) {
    count(ledger, status);
    return;
  }
  ledger.reads += 1;
  const spent = ledger.commands
    .filter((one) => one.kind === 'debit' && one.wallet?.id === wallet.id)
    .reduce((sum, { amount }) => sum + amount, 0n);
  const available = halalasOf(at(body, 'available', 'amount'));
  const sent = ledger.deposits.filter((one) => one.wallet.id === wallet.id).reduce((sum, { amount }) => sum + amount, 0n);
  if (available > sent + PENDING_TRANSFER_MAX) ledger.wrongReads.push(`${wallet.id} shows ${textOf(available)}, sent were ${textOf(sent)}`);
  if (state.readsGrow && available + spent < seenBefore)
    ledger.wrongReads.push(`${wallet.id} shows ${textOf(available)}, after ${textOf(seenBefore)}`);
  if (available > seenBefore) state.received.set(wallet.id, available);
}

/** What a shard has not decided yet is missing on one side, so that only at rest the proof is whole. But every commit balances. */
async function readPosition(state: Running): Promise<void> {
  const { stage, ledger, random } = state;
  const { status, body } = await request({ url: `${anyOf(random, stage.of('omnibus')).url}/ops/v1/position`, ...OPERATOR });
  if (status !== 200) {
    count(ledger, status);
    return;
  }
  ledger.reads += 1;
  const identity = at(body, 'identity', CURRENCY);
  if (identity !== '0.00') ledger.wrongReads.push(`the position has the identity ${identity}`);
}

/** The bank has posted it, our note of it comes a moment later. */
const PENDING_TRANSFER_MAX = 2n * 90_000n;

/** K1: the same request with the same key until there is an answer that says something. */
async function untilAnswered(command: Command, asking: Asking): Promise<void> {
  const { stage, ledger, random } = asking;
  while (command.answer === null && !asking.isStopped) {
    const answered = await ask(command, stage, random);
    if (isAnswer(answered.status)) note(command, answered, ledger);
    else {
      count(ledger, answered.status);
      await sleep(random.integer(PAUSE_MIN_MS, PAUSE_MAX_MS));
    }
  }
}

export function ask(command: Command, stage: Outside, random: Random): Promise<Answered> {
  command.tries += 1;
  const { kind, key, as, path, body } = command;
  const scope = kind === 'debit' ? { scope: OPERATOR.scope } : {};
  const to = anyOf(random, stage.of(kind === 'debit' ? 'omnibus' : 'gateway'));
  return request({ url: `${to.url}${path}`, as, ...scope, key, body });
}

/** 2xx and refusals; anything else leaves the outcome unknown. */
export function isAnswer(status: number): boolean {
  return (status >= 200 && status < 300) || (status >= 400 && status < 500 && status !== 429 && status !== 408);
}

export function note(command: Command, { status, body }: Answered, ledger: Ledger): void {
  const id = command.kind === 'debit' ? at(body, 'reference') : at(body, 'id');
  command.answer = { status, id, body };
  if (status >= 300) return;
  if (command.kind === 'open_wallet' && !command.ids.has(id)) opened(command, { id, owner: command.as, iban: at(body, 'iban') }, ledger);
  command.ids.add(id);
}

/** A wallet that was opened in a lost tail has another number when its opening was repeated; elsewhere its owner would have one too many. */
function opened(command: Command, wallet: Wallet, { wallets }: Ledger): void {
  const former = wallets.findIndex(({ id }) => command.ids.has(id));
  if (former >= 0) wallets.splice(former, 1);
  wallets.push(wallet);
}

function count(ledger: Ledger, status: number): void {
  ledger.unknown.set(status, (ledger.unknown.get(status) ?? 0) + 1);
}
