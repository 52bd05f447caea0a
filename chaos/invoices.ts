/**
 * What the provider has of the round's promises (V3). It knows no idempotency key for invoices: where a call is made twice because its answer
 * was lost, a spare one stays open there, and leads to the same top-up if it is paid. So it may be there after faults that lose answers, and
 * after no other.
 */
import type { Invoice } from '../mocks/moyasar/wire.ts';
import { checkout } from './client.ts';
import { isPromised } from './ledger.ts';
import type { Command, Ledger } from './ledger.ts';
import { added, inParts } from './verdict.ts';
import type { Judging, Verdict } from './verdict.ts';

const RIGHT: Verdict = { lost: 0, doubled: 0, wrong: [] };

export async function wrongInvoices({ stage, ledger, before, repeatsCalls }: Judging): Promise<Verdict> {
  const invoices = await stage.moyasar.invoices();
  const paid = new Set(ledger.paid.map(({ topUp }) => topUp));
  const verdicts = promisedTopUps(ledger).map((command) => {
    const { id = '' } = command.answer ?? {};
    return countsOf({ command, invoices: invoices.filter((one) => topUpOf(one) === id), isPaid: paid.has(id), repeatsCalls });
  });
  const unpaid = promisedTopUps(ledger).filter(({ answer }) => !paid.has(answer?.id ?? ''));
  const checkouts = await inParts(unpaid, (command) => wrongCheckout(command, invoices));
  return added([...verdicts, { ...RIGHT, wrong: [...strays(invoices, [...before, ledger]), ...checkouts.flat()] }]);
}

/** Live invoices that nobody needs: left by calls that were made twice. */
export async function spareInvoices({ stage, ledger }: Judging): Promise<number> {
  const promised = new Set(promisedTopUps(ledger).map(({ answer }) => answer?.id ?? ''));
  const live = (await stage.moyasar.invoices()).filter((one) => promised.has(topUpOf(one)) && isLive(one));
  return live.length - new Set(live.map(topUpOf)).size;
}

function promisedTopUps({ commands }: Ledger): Command[] {
  return commands.filter((one) => one.kind === 'top_up' && isPromised(one));
}

export interface TopUpInvoices {
  readonly command: Pick<Command, 'key'>;
  /** All that the provider has of this top-up. */
  readonly invoices: readonly Pick<Invoice, 'status'>[];
  /** By the client's ledger. */
  readonly isPaid: boolean;
  readonly repeatsCalls: boolean;
}

/** One live invoice for each promise, paid exactly where the customer paid. */
export function countsOf({ command: { key }, invoices, isPaid, repeatsCalls }: TopUpInvoices): Verdict {
  const live = invoices.filter(isLive).length;
  const paid = invoices.filter(({ status }) => status === 'paid').length;
  if (live === 0) return { ...RIGHT, lost: 1, wrong: [`${key} has no invoice at the provider`] };
  if (paid !== (isPaid ? 1 : 0)) return { ...RIGHT, wrong: [`${key} is paid ${String(paid)} times at the provider`] };
  if (live > 1 && !repeatsCalls) return { ...RIGHT, doubled: live - 1, wrong: [`${key} has ${String(live)} live invoices`] };
  return RIGHT;
}

function isLive({ status }: Pick<Invoice, 'status'>): boolean {
  return status === 'initiated' || status === 'paid';
}

function topUpOf({ metadata }: Invoice): string {
  return metadata?.['top_up_id'] ?? '';
}

/** Invoices for top-ups that nobody was promised. */
function strays(invoices: readonly Invoice[], ledgers: readonly Ledger[]): string[] {
  const known = new Set(ledgers.flatMap(({ commands }) => commands.flatMap(({ ids }) => [...ids])));
  return invoices.filter((one) => !known.has(topUpOf(one))).map(({ id }) => `invoice ${id} is for a top-up that nobody asked for`);
}

/** Whoever has not paid yet can. */
async function wrongCheckout(command: Command, invoices: readonly Invoice[]): Promise<string[]> {
  const { status, invoice } = await checkout(command);
  const isOpen = invoices.some((one) => one.id === invoice && one.status === 'initiated' && topUpOf(one) === command.answer?.id);
  return isOpen ? [] : [`the checkout of ${command.key} answers ${String(status)} and leads to no open invoice`];
}
