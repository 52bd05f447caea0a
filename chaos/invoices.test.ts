import test from 'ava';
import { countsOf } from './invoices.ts';
import type { TopUpInvoices } from './invoices.ts';

const TOP_UP: Omit<TopUpInvoices, 'invoices'> = { command: { key: 'k' }, isPaid: false, repeatsCalls: false };
const OPEN = { status: 'initiated' } as const;
const PAID = { status: 'paid' } as const;
const CANCELED = { status: 'canceled' } as const;

test('a promise has one live invoice, paid where the customer paid', (t) => {
  const right = { lost: 0, doubled: 0, wrong: [] };
  t.deepEqual(countsOf({ ...TOP_UP, invoices: [OPEN] }), right);
  t.deepEqual(countsOf({ ...TOP_UP, invoices: [CANCELED, PAID], isPaid: true }), right);
  t.is(countsOf({ ...TOP_UP, invoices: [OPEN], isPaid: true }).wrong.length, 1);
  t.is(countsOf({ ...TOP_UP, invoices: [PAID] }).wrong.length, 1);
});

test('a promise without a live invoice is lost', (t) => {
  t.is(countsOf({ ...TOP_UP, invoices: [] }).lost, 1);
  t.is(countsOf({ ...TOP_UP, invoices: [CANCELED] }).lost, 1);
});

test('a second live invoice is one too many, but where a call may be made twice', (t) => {
  t.is(countsOf({ ...TOP_UP, invoices: [OPEN, OPEN] }).doubled, 1);
  t.is(countsOf({ ...TOP_UP, invoices: [OPEN, OPEN], repeatsCalls: true }).doubled, 0);
  t.is(countsOf({ ...TOP_UP, invoices: [PAID, PAID], isPaid: true, repeatsCalls: true }).wrong.length, 1);
});
