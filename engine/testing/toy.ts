/** A small product to try the engine with: purses that pay one another, remember and call, and notices that are listed. */
import { z } from 'zod';
import { accept, defineKind, effectExhausted, refuse, send, timerDue } from '../actor.ts';
import type { Decision, Effect, EntryFacts, Timer } from '../actor.ts';
import type { ActorId } from '../message.ts';

const amount = z.union([z.bigint(), z.string().transform((text) => BigInt(text))]);
const actor = z.custom<ActorId>((value) => typeof value === 'string' && value.includes(':'));

export const purseMessages = {
  Deposit: z.object({ amount }),
  Pay: z.object({ to: actor, amount, times: z.number().int().default(1) }),
  Remind: z.object({ key: z.string(), at: z.number().nullable() }),
  Call: z.object({ id: z.string(), what: z.string() }),
  Called: z.object({ id: z.string() }),
  Boom: z.object({}),
  TimerDue: timerDue,
  EffectExhausted: effectExhausted,
};

const purseState = z.object({
  balance: amount,
  reminders: z.array(z.object({ key: z.string(), at: z.number() })),
  calls: z.array(z.object({ id: z.string(), what: z.string() })),
  fired: z.number(),
});
export type Purse = z.output<typeof purseState>;

export interface ToyOptions {
  /** Whether `Boom` throws: a bug that a later version no longer has. */
  readonly explodes?: () => boolean;
  readonly rules?: number;
}

function posting(balance: bigint) {
  return [
    { account: 'purse', currency: 'SAR', amount: -balance },
    { account: 'outside', currency: 'SAR', amount: balance },
  ];
}

function pay(state: Purse, entry: EntryFacts & { readonly body: z.output<typeof purseMessages.Pay> }): Decision<Purse, 'too_little'> {
  const { to, amount: each, times } = entry.body;
  const all = each * BigInt(times);
  if (state.balance < all) return refuse('too_little', { balance: state.balance.toString() });
  const sends = Array.from({ length: times }, (_, index) =>
    send(purseMessages, to, { type: 'Deposit', body: { amount: each }, id: `${entry.self}/${entry.entry}/${index}` }),
  );
  const balance = state.balance - all;
  return accept({ ...state, balance }, { rows: posting(-all), sends, answer: { balance } });
}

export function createPurse({ explodes = () => true, rules = 1 }: ToyOptions = {}) {
  return defineKind<Purse, typeof purseMessages, 'too_little'>({
    name: 'purse',
    role: 'toy',
    rules,
    messages: purseMessages,
    state: purseState,
    initial: () => ({ balance: 0n, reminders: [], calls: [], fired: 0 }),
    timers: (state): readonly Timer[] => state.reminders,
    openEffects: (state): readonly Effect[] => state.calls.map(({ id, what }) => ({ id, type: 'toy.call', body: { what } })),
    decide(state, entry) {
      switch (entry.type) {
        case 'Deposit':
          return accept(
            { ...state, balance: state.balance + entry.body.amount },
            { rows: posting(entry.body.amount), note: { by: entry.from } },
          );
        case 'Pay':
          return pay(state, entry);
        case 'Remind': {
          const { key, at } = entry.body;
          const others = state.reminders.filter((one) => one.key !== key);
          return accept({ ...state, reminders: at === null ? others : [...others, { key, at }] });
        }
        case 'TimerDue': {
          const { key } = entry.body;
          return accept({ ...state, fired: state.fired + 1, reminders: state.reminders.filter((one) => one.key !== key) });
        }
        case 'Call':
          return accept({ ...state, calls: [...state.calls, entry.body] });
        case 'Called':
        case 'EffectExhausted': {
          const id = entry.type === 'Called' ? entry.body.id : entry.body.effect;
          return accept({ ...state, calls: state.calls.filter((call) => call.id !== id) });
        }
        case 'Boom':
          if (explodes()) throw new Error('boom');
          return accept(state);
      }
    },
  });
}

export const noticeMessages = { Write: z.object({ text: z.string() }) };

export const notice = defineKind<{ text: string }, typeof noticeMessages, never>({
  name: 'notice',
  role: 'toy',
  rules: 1,
  messages: noticeMessages,
  state: z.object({ text: z.string() }),
  initial: () => ({ text: '' }),
  decide: (_state, entry) => accept({ text: entry.body.text }),
  listing: ({ text }) => ({ text }),
});
