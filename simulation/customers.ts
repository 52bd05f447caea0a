/**
 * Customers and operators: they ask, repeat under the same key until somebody answers, and remember what they were promised.
 *
 * C1  2xx is a promise, 4xx (but 429) a no without effect; everything else is unknown and asked again, elsewhere (I8).
 */
import type { Call, Reply } from './edge.ts';
import { callEndpoint } from './edge.ts';
import { Broken } from './invariants.ts';
import type { Process } from './service.ts';
import type { World } from './world.ts';

const ANSWER_MS_MAX = 6_000;
const AGAIN_MS = 700;
const TRIES_MAX = 400;

export interface Customers {
  /** Asks until the answer is known. `accepted`: what to do when a refusal was lost with a tail, and the repeat is no refusal. */
  ask(call: Call, accepted?: (reply: Reply) => Promise<void>): Promise<Reply>;
  /** Asks once; null when there was no answer. */
  once(call: Call): Promise<Reply | null>;
  /** Commands that are not answered yet. */
  open(): number;
  /** Asks for everything again that was promised or refused: after a server lost its tail. What was promised must be promised again. */
  repeatAll(): Promise<void>;
}

export function createCustomers(world: World, processes: () => readonly Process[]): Customers {
  const promised: { readonly call: Call; readonly reply: Reply }[] = [];
  const refused: { readonly call: Call; readonly accepted: (reply: Reply) => Promise<void> }[] = [];
  let open = 0;
  const once = (call: Call): Promise<Reply | null> =>
    new Promise((resolve) => {
      const alive = processes().filter(({ life }) => life.isAlive());
      const process = alive[world.random.integer(0, Math.max(0, alive.length - 1))];
      world.at(ANSWER_MS_MAX, () => resolve(null));
      if (process === undefined) return;
      const { life, endpoints } = process;
      world.at(world.random.integer(0, 5), () =>
        life.now(() => {
          void callEndpoint(endpoints, call).then(
            (reply) => life.later(world.random.integer(0, 5), () => resolve(reply)),
            () => life.now(() => resolve(null)),
          );
        }),
      );
    });
  const persist = async (call: Call): Promise<Reply> => {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const reply = await once(call);
      world.trace(
        () =>
          `customer: ${call.method} ${call.path} ${call.key ?? ''}: ${reply === null ? 'no answer' : `${String(reply.status)} ${JSON.stringify(reply.body['code'] ?? '')}`}`,
      );
      if (reply !== null && reply.status < 500 && reply.status !== 429) return reply;
      await new Promise<void>((resolve) => world.at(world.random.integer(1, AGAIN_MS), resolve));
    }
    throw new Broken('I8', `${call.method} ${call.path} was never answered`);
  };
  return {
    once,
    open: () => open,
    async ask(call, accepted) {
      open += 1;
      const reply = await persist(call);
      if (call.method === 'post' && reply.status < 300) {
        promised.push({ call, reply });
        if (world.random.next() < 0.2) await sameAgain(persist, { call, reply });
      } else if (accepted !== undefined) refused.push({ call, accepted });
      open -= 1;
      return reply;
    },
    async repeatAll() {
      open += 1;
      for (const one of promised) await sameAgain(persist, one);
      for (const { call, accepted } of refused) {
        const reply = await persist(call);
        if (reply.status < 300) await accepted(reply);
      }
      open -= 1;
    },
  };
}

const NAMES = ['id', 'reference'] as const;

/** I8: a repeated key gets the first answer. */
async function sameAgain(
  persist: (call: Call) => Promise<Reply>,
  { call, reply }: { readonly call: Call; readonly reply: Reply },
): Promise<void> {
  const again = await persist(call);
  const differs = NAMES.some((name) => again.body[name] !== reply.body[name]);
  if (again.status !== reply.status || differs) {
    throw new Broken('I8', `${call.method} ${call.path} ${call.key ?? ''}: first ${JSON.stringify(reply)}, then ${JSON.stringify(again)}`);
  }
}
