/**
 * A provider and a bank that say what is not so. Each must end as a break of the right reason, with nobody credited for it; the books must be
 * proven all the same.
 */
import type { BreakReason } from '../../actors/break/messages.ts';
import { invoiceOf, requestTopUp } from '../client.ts';
import { keepOn } from '../fault.ts';
import type { Fault, Scene } from '../fault.ts';
import { textOf } from '../ledger.ts';
import type { Command, Paid, Wallet } from '../ledger.ts';
import { walk } from '../walk.ts';

const LASTS_MS = 2_000;
const TOP_UP = 12_300n;
const PAID = 4_500;
const DAY_MS = 86_400_000;

type Lie = (scene: Scene) => Promise<void>;

/** The customer's bank took another amount than the invoice says: the payment funds nothing, and neither does its row of the settlement. */
async function otherAmount(scene: Scene): Promise<void> {
  const { command, invoice } = await ownTopUp(scene);
  const { id } = await scene.stage.moyasar.pay(invoice, { amount: PAID });
  paid(scene, command, 'nobody');
  await told(scene, { reason: 'payment_amount_mismatch', about: id, held: 0n });
  scene.ledger.breaks.push({ reason: 'payment_amount_mismatch', about: '', status: 'open', held: BigInt(PAID) });
}

/** The payment is in another currency. It is not settled: the provider would pay it out elsewhere. */
async function otherCurrency(scene: Scene): Promise<void> {
  const { command, invoice } = await ownTopUp(scene);
  const { id } = await scene.stage.moyasar.pay(invoice, { currency: 'USD' });
  paid(scene, command, 'nobody');
  await told(scene, { reason: 'currency_mismatch', about: id, held: 0n });
}

/** A settlement whose rows do not sum to what it says: none of them is believed, and the wallet goes on waiting. */
async function otherTotal(scene: Scene): Promise<void> {
  const { stage } = scene;
  const { command, invoice } = await ownTopUp(scene);
  const { id } = await stage.moyasar.pay(invoice);
  paid(scene, command, 'pending');
  const { settlement } = await stage.moyasar.settle({ paymentIds: [id], amountDelta: 100 });
  await told(scene, { reason: 'settlement_total_mismatch', about: settlement.id, held: 0n });
}

/** A line is left out of the statement for a while: what lies behind it waits, and the break closes itself when the line comes. */
async function missingLine(scene: Scene): Promise<void> {
  await withoutLine(scene, () => Promise.resolve());
}

/** A line that was posted is another one when it is read again, as the day of a gap is. */
async function changedLine(scene: Scene): Promise<void> {
  const { bank } = scene.stage;
  const { refNum } = await transferred(scene, false);
  await withoutLine(scene, async () => {
    const valueDate = new Date(Date.now() - DAY_MS).toISOString().slice(0, 'yyyy-mm-dd'.length);
    await bank.change(refNum, { valueDate });
    await told(scene, { reason: 'line_conflict', about: refNum, held: 0n });
  });
}

async function withoutLine(scene: Scene, meanwhile: () => Promise<void>): Promise<void> {
  const { refNum } = await transferred(scene, true);
  await transferred(scene, false);
  try {
    await told(scene, { reason: 'statement_gap', about: '', held: 0n });
    await meanwhile();
  } finally {
    await scene.stage.bank.reveal(refNum);
  }
  const [gap] = scene.ledger.breaks.filter(({ reason }) => reason === 'statement_gap');
  if (gap !== undefined) gap.status = 'resolved';
}

function anyWallet({ ledger, random }: Scene): Wallet {
  const wallet = ledger.wallets[random.integer(0, ledger.wallets.length - 1)];
  if (wallet === undefined) throw new Error('no wallet to lie about');
  return wallet;
}

async function ownTopUp(scene: Scene): Promise<{ readonly command: Command; readonly invoice: string }> {
  const asking = { stage: scene.stage, ledger: scene.ledger, random: scene.random, isStopped: false };
  const command = await requestTopUp(asking, { wallet: anyWallet(scene), amount: TOP_UP, key: `lie-${String(scene.seed)}` });
  const invoice = await invoiceOf(command, asking);
  if (invoice === null) throw new Error('there is no invoice to lie about');
  return { command, invoice };
}

function paid({ ledger }: Scene, command: Command, reaches: Paid['reaches']): void {
  ledger.paid.push({ command, topUp: command.answer?.id ?? '', reaches });
}

async function transferred(scene: Scene, hidden: boolean): Promise<{ readonly refNum: string }> {
  const wallet = anyWallet(scene);
  const row = await scene.stage.bank.transfer({ to: wallet.iban, amount: textOf(TOP_UP), sender: 'CHAOS', hidden, notify: !hidden });
  scene.ledger.deposits.push({ wallet, amount: TOP_UP });
  return row;
}

interface Told {
  readonly reason: BreakReason;
  readonly about: string;
  readonly held: bigint;
}

/** Waits for the break, and writes down that it must be there at the end. */
async function told(scene: Scene, { reason, about, held }: Told): Promise<void> {
  scene.note(`${reason} ${about}`);
  await keepOn(scene, LASTS_MS, async () => {
    const { breaks } = await walk(scene.looking.ports);
    return [...breaks].some(([id, { status }]) => id.startsWith(`${reason}:`) && id.includes(about) && status === 'open');
  });
  scene.ledger.breaks.push({ reason, about, held, status: 'open' });
}

const LIES: readonly Lie[] = [otherAmount, otherCurrency, otherTotal, missingLine, changedLine];

export const LIE_FAULTS: readonly Fault[] = [
  {
    ...{
      name: 'provider-lies',
      title: 'the provider tells of another amount, currency or total, the bank leaves out or changes a line, one of them a round',
      fullRounds: LIES.length,
    },
    detected:
      'breaks `payment_amount_mismatch`, `currency_mismatch`, `settlement_total_mismatch`, `statement_gap` (closes itself), `line_conflict`',
    leavesBreaks: true,
    strike: async (scene) => LIES[scene.seed % LIES.length]?.(scene),
  },
];
