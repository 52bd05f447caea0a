/** Whatever a virtual account is told, in any order: its own word is the sum of its rows, no money is lost on the way, and it stays small. */
import test from 'ava';
import fc from 'fast-check';
import type { Carried, Kind } from '../../engine/actor.ts';
import type { Outcome } from '../../engine/envelope.ts';
import { breakKind } from '../break/decide.ts';
import { payment } from '../payment/decide.ts';
import { scenario } from '../testing/scenario.ts';
import type { Told } from '../testing/scenario.ts';
import { virtualAccount } from './decide.ts';
import { OPEN_OUTGOINGS_MAX, PENDING_TOP_UPS_MAX, RECENT_MAX } from './state.ts';
import * as tell from './testing/messages.ts';

type Message = Told<typeof virtualAccount.messages>;

const RECEIVERS: readonly Kind[] = [breakKind, payment];

const currency = fc.oneof({ weight: 9, arbitrary: fc.constant('SAR') }, { weight: 1, arbitrary: fc.constant('KWD') });
const amount = fc.oneof(fc.constantFrom(500n, 10_000n), fc.bigInt(1n, 20_000n));
const source = fc.nat(9).map((n) => `acc/line-${n}`);
const topUpId = fc.nat(5).map((n) => `t${n}`);
const outgoing = fc.nat(3).map((n) => `${n}`);
const topUpStatus = fc.constantFrom('awaiting_payment', 'processing', 'paid', 'failed', 'expired', 'canceled', 'refunded', 'charged_back');

/** The same message in a currency of its own. */
function of<M extends { readonly body: { readonly currency: string } }>(message: M, unit: string): M {
  return { ...message, body: { ...message.body, currency: unit } };
}

const anything: fc.Arbitrary<Message> = fc.oneof(
  fc.constant(tell.opened()),
  fc.tuple(amount, topUpId, currency).map(([a, id, c]) => tell.requested(a, { topUpId: id, currency: c })),
  fc.tuple(amount, topUpId, currency).map(([a, id, c]) => of(tell.pending(a, id), c)),
  fc.tuple(topUpStatus, topUpId).map(([status, id]) => tell.statusChanged(status, id)),
  fc.tuple(fc.bigInt(0n, 12_000n), topUpId, currency).map(([fee, id, c]) => of(tell.settled(fee, 10_000n, id), c)),
  fc.tuple(amount, topUpStatus, topUpId, currency).map(([a, status, id, c]) => of(tell.reversed(a, status, id), c)),
  fc.tuple(amount, source, currency).map(([a, from, c]) => tell.credited(a, { source: from, currency: c })),
  fc.tuple(amount, source, currency).map(([a, from, c]) => tell.recalled(a, { source: from, currency: c })),
  fc.tuple(amount, outgoing, currency).map(([a, reference, c]) => tell.debited(a, { reference, currency: c })),
  fc.tuple(amount, outgoing, currency).map(([a, reference, c]) => tell.outgoingSettled(a, { reference, currency: c })),
  fc.constantFrom('active' as const, 'active' as const, 'frozen' as const, 'retired' as const).map(tell.setStatus),
);

/** Debit positive, per `<account>:<currency>`, what is zero left out. */
function sumOf(rows: readonly (readonly [string, bigint])[]): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (const [key, value] of rows) sums[key] = (sums[key] ?? 0n) + value;
  return Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum !== 0n));
}

/** What the outcome's messages carry on, by the word of those who will get them. */
function carriedOn({ sends }: Outcome): Carried[] {
  return sends.flatMap(({ to, type, body }) => {
    const kind = RECEIVERS.find(({ name }) => to.startsWith(`${name}:`));
    if (kind === undefined) return [];
    const carried = kind.carries?.({ type, body: kind.messages[type]?.parse(JSON.parse(body)) }) ?? null;
    return carried === null ? [] : [carried];
  });
}

/** In-transit that an entry must post: what it was brought, less what it sends on. */
function inTransitOf(brought: Carried | null, outcome: Outcome): Record<string, bigint> {
  const taken = brought === null ? [] : [[`in-transit:${brought.currency}`, brought.amount] as const];
  return sumOf([...taken, ...carriedOn(outcome).map((one) => [`in-transit:${one.currency}`, -one.amount] as const)]);
}

function posted(rows: Outcome['rows'], isMeant: (account: string) => boolean): Record<string, bigint> {
  return sumOf(rows.filter(({ account }) => isMeant(account)).map((row) => [`${row.account}:${row.currency}`, row.amount]));
}

test('any messages in any order balance, lose nothing, and leave the account saying what its rows say', (t) => {
  const isOurs = (key: string) => !/^(in-transit|platform-due):/.test(key);
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 80, size: 'max' }), fc.boolean(), (messages, opensFirst) => {
      const account = scenario(virtualAccount, tell.SELF).given(...(opensFirst ? [tell.opened()] : []));
      for (const message of messages) {
        account.when(message);
        const { rows, code } = account.last;
        const brought = virtualAccount.carries?.(message) ?? null;
        if (brought !== null) t.is(code, 'accepted', 'money is never refused');
        t.deepEqual(
          posted(rows, (name) => name === 'in-transit'),
          inTransitOf(brought, account.last),
        );
        if (rows.length > 0) t.like(account.note, { available: account.state.available.toString(), owing: account.state.owing.toString() });
        const said = virtualAccount.figures?.(account.state) ?? [];
        t.deepEqual(
          posted(said, () => true),
          sumOf(Object.entries(account.envelope.sums).filter(([key]) => isOurs(key))),
        );
      }
    }),
    { numRuns: 200 },
  );
});

test('the state stays within its bounds however many things are told', (t) => {
  const wide = fc.nat(400);
  const crowd: fc.Arbitrary<Message> = fc.oneof(
    wide.map((n) => tell.requested(100n, { topUpId: `t${n}` })),
    wide.map((n) => tell.pending(100n, `t${n}`)),
    fc.tuple(topUpStatus, wide).map(([status, n]) => tell.statusChanged(status, `t${n}`)),
    fc.tuple(topUpStatus, wide).map(([status, n]) => tell.reversed(40n, status, `t${n}`)),
    wide.map((n) => tell.credited(100n, { source: `acc/${n}`, currency: n % 3 === 0 ? 'KWD' : 'SAR' })),
    wide.map((n) => tell.debited(1n, { reference: `${n}` })),
    fc.tuple(fc.bigInt(1n, 3n), wide).map(([a, n]) => tell.outgoingSettled(a, { reference: `${n}` })),
  );
  const late = Array.from({ length: PENDING_TOP_UPS_MAX }, (_, n) => tell.pending(100n, `late-${n}`));
  fc.assert(
    fc.property(fc.boolean(), fc.array(crowd, { minLength: 100, maxLength: 300, size: 'max' }), (isFull, messages) => {
      const account = scenario(virtualAccount, tell.SELF).given(tell.opened(), ...(isFull ? late : []), ...messages);
      const { topUps, outgoings, ...ended } = account.state;
      t.true(topUps.length <= PENDING_TOP_UPS_MAX && outgoings.length <= OPEN_OUTGOINGS_MAX);
      for (const list of [ended.endedTopUps, ended.transfers, ended.refused, ended.settledOutgoings]) t.true(list.length <= RECENT_MAX);
      t.is(new Set(topUps.map(({ id }) => id)).size, topUps.length);
    }),
    { numRuns: 10 },
  );
});
