/** What a foreign id knows: whose it is, and which messages wait for that to be known. */
import { z } from 'zod';
import type { Effect, Row, Timer } from '../../engine/actor.ts';
import { breakReason } from '../break/messages.ts';
import { actorId, currencyCode, signedMinor } from '../money.ts';
import { PROVIDER } from '../payment/messages.ts';

/** Messages that may wait for an owner; more than this for one foreign id is no race but an error, so money goes to a break. */
export const KEPT_MAX = 8;

const kept = z.object({
  /** Counts what was ever kept: names the timer. */
  n: z.number().int(),
  type: z.string(),
  body: z.string(),
  key: z.string().nullable(),
  /** Credit-normal in-transit; 0 for hints. */
  amount: signedMinor,
  currency: currencyCode.nullable(),
  /** When patience ends, milliseconds since 1970; null for a hint, which may wait for ever. */
  until: z.number().nullable(),
  orElse: z.object({ reason: breakReason, subject: z.string(), evidence: z.record(z.string(), z.string()) }),
  answer: z.object({ page: actorId, index: z.number().int() }).nullable(),
});
export type Kept = z.output<typeof kept>;

export const referenceState = z.object({
  owner: actorId.nullable(),
  /** Messages ever kept. */
  count: z.number().int(),
  kept: z.array(kept).max(KEPT_MAX),
  /** The search for the owner that is owed an answer: of what the provider calls `kind`; `n` names the effect. Not in snapshots of rules 1. */
  search: z
    .object({ n: z.number().int(), kind: z.enum(['invoice', 'payment']), id: z.string() })
    .nullable()
    .default(null),
});
export type ReferenceState = Readonly<z.output<typeof referenceState>>;

export function initialReference(): ReferenceState {
  return { owner: null, count: 0, kept: [], search: null };
}

export function keepTimers(state: ReferenceState): Timer[] {
  return state.kept.flatMap(({ n, until }) => (until === null ? [] : [{ key: `keep-${n}`, at: until }]));
}

export function searchEffects({ search }: ReferenceState): Effect[] {
  if (search === null) return [];
  const { n, kind, id } = search;
  return [{ id: `find-${n}`, type: `${PROVIDER}.find_owner`, body: { kind, id } }];
}

/** Money that waits here is suspense. */
export function keptFigures(state: ReferenceState): Row[] {
  return state.kept.flatMap(({ currency, amount }) =>
    currency === null || amount === 0n ? [] : [{ account: 'suspense', currency, amount: -amount }],
  );
}
