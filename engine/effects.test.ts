import test from 'ava';
import { createEffectRunner } from './effects.ts';
import type { EffectCall, EffectHandler, EffectLimits, EffectResult, EffectRunnerOptions } from './effects.ts';
import { Fault } from './fault.ts';
import { toJson } from './message.ts';
import type { StoredEntry } from './message.ts';
import { createRig } from './testing/rig.ts';
import { createWorker } from './worker.ts';

const LIMITS: Partial<EffectLimits> = { attempts: 3 };

function called(effect: EffectCall): EffectResult {
  return { type: 'Called', body: { id: effect.id } };
}

interface Given {
  readonly run: EffectHandler['run'];
  readonly limits?: Partial<EffectLimits>;
  readonly options?: Partial<EffectRunnerOptions>;
  readonly handler?: Partial<EffectHandler>;
}

function setUp({ run, limits = {}, options = {}, handler = {} }: Given) {
  const rig = createRig();
  const seen: EffectCall[] = [];
  const watched: EffectHandler = {
    provider: 'toy',
    ...handler,
    run(effect, signal) {
      seen.push(effect);
      return run(effect, signal);
    },
  };
  const runner = createEffectRunner({
    handlers: new Map([['toy.call', watched]]),
    effects: rig.ports.effects,
    told: (actor) => {
      worker.told(actor);
    },
    system: rig.system,
    ownShards: () => rig.layout.allShards,
    runner: 'r1',
    limits: { ...LIMITS, ...limits },
    ...options,
  });
  const worker = createWorker({
    ...{ roles: ['toy'], registry: rig.registry, layout: rig.layout, ports: rig.ports, system: rig.system },
    limits: { flushEntries: 100_000, flushAgeMs: 1e9 },
    onEffects: (shards) => {
      runner.wake(shards);
    },
  });
  return { rig, seen, runner, worker };
}

type Setup = ReturnType<typeof setUp>;

/** Moves the clock until it is so; fails after a while that is long for both clocks. */
async function until({ rig }: Setup, condition: () => boolean): Promise<void> {
  for (let steps = 0; !condition(); steps += 1) {
    if (steps > 3000) throw new Error('it never came to be');
    await rig.system.advance(20);
  }
}

function mailbox({ rig }: Setup): readonly StoredEntry[] {
  return rig.shard('purse:a').mailboxes.get('purse:a')?.entries ?? [];
}

async function call(setup: Setup, ...ids: string[]): Promise<void> {
  for (const id of ids) await setup.rig.send('purse:a', 'Call', { id, what: 'it' });
  await setup.worker.start();
  setup.runner.start();
}

function resultsIn(setup: Setup): StoredEntry[] {
  return mailbox(setup).filter((entry) => entry.from.startsWith('effect:'));
}

async function stop(setup: Setup): Promise<void> {
  const ending = Promise.all([setup.runner.stop(), setup.worker.stop()]);
  let ended = false;
  void ending.then(() => (ended = true));
  await until(setup, () => ended);
}

test('a commit that writes an effect wakes its runner: nobody waits for the next look at all shards', async (t) => {
  const setup = setUp({ run: (effect) => Promise.resolve(called(effect)), limits: { sweepMs: 1e9 } });
  await setup.worker.start();
  setup.runner.start();
  await setup.rig.system.advance(100);
  await setup.rig.send('purse:a', 'Call', { id: 'e1', what: 'it' });
  await until(setup, () => resultsIn(setup).length === 1);
  t.is(setup.seen.length, 1);
  await stop(setup);
});

test('an effect is called once, and its result is a message to its actor', async (t) => {
  const setup = setUp({ run: (effect) => Promise.resolve(called(effect)) });
  await call(setup, 'e1');
  await until(setup, () => resultsIn(setup).length === 1);
  t.like(setup.seen[0], { actor: 'purse:a', id: 'e1', type: 'toy.call', body: { what: 'it' }, attempt: 1 });
  t.like(resultsIn(setup)[0], { id: 'effect:purse:a/e1', from: 'effect:toy.call', type: 'Called', body: '{"id":"e1"}' });
  await setup.rig.system.advance(200_000);
  t.is(setup.seen.length, 1);
  t.deepEqual((await setup.rig.purse('purse:a')).calls, []);
  t.is(setup.runner.held(), 0);
  await stop(setup);
});

test('a fault that may pass is tried again later, with its attempt counted', async (t) => {
  const setup = setUp({
    run: (effect) => (effect.attempt < 3 ? Promise.reject(new Fault({ code: 'away', retry: 'later' })) : Promise.resolve(called(effect))),
  });
  await call(setup, 'e1');
  await until(setup, () => resultsIn(setup).length === 1);
  t.deepEqual(
    setup.seen.map((effect) => effect.attempt),
    [1, 2, 3],
  );
  t.is(resultsIn(setup)[0]?.type, 'Called');
  await stop(setup);
});

test('when all attempts are used up, the actor is told with the last fault', async (t) => {
  const setup = setUp({ run: () => Promise.reject(new Fault({ code: 'away', retry: 'now', message: 'nobody there' })) });
  await call(setup, 'e1');
  await until(setup, () => resultsIn(setup).length === 1);
  t.is(setup.seen.length, 3);
  t.is(resultsIn(setup)[0]?.type, 'EffectExhausted');
  t.is(resultsIn(setup)[0]?.body, toJson({ effect: 'e1', type: 'toy.call', code: 'away', message: 'nobody there' }));
  await setup.rig.system.advance(100);
  t.deepEqual((await setup.rig.purse('purse:a')).calls, []);
  await stop(setup);
});

test('a fault that never passes is told at once', async (t) => {
  const setup = setUp({ run: () => Promise.reject(new Fault({ code: 'card_stolen', retry: 'never' })) });
  await call(setup, 'e1');
  await until(setup, () => resultsIn(setup).length === 1);
  t.is(setup.seen.length, 1);
  t.regex(resultsIn(setup)[0]?.body ?? '', /card_stolen/);
  await stop(setup);
});

test('a bug in a handler is bounded like a fault', async (t) => {
  const setup = setUp({ run: () => Promise.reject(new TypeError('x is not a function')) });
  await call(setup, 'e1');
  await until(setup, () => resultsIn(setup).length === 1);
  t.is(setup.seen.length, 3);
  t.regex(resultsIn(setup)[0]?.body ?? '', /unexpected.*not a function/);
  await stop(setup);
});

test('a call that hangs is cut off, and its signal says so', async (t) => {
  const signals: AbortSignal[] = [];
  const setup = setUp({
    handler: { timeoutMs: 20, attempts: 2 },
    run(_effect, signal) {
      signals.push(signal);
      return new Promise(() => undefined);
    },
  });
  await call(setup, 'e1');
  await until(setup, () => resultsIn(setup).length === 1);
  t.deepEqual(
    signals.map((signal) => signal.aborted),
    [true, true],
  );
  t.regex(resultsIn(setup)[0]?.body ?? '', /effect_timeout/);
  await stop(setup);
});

test('calls to one provider stay within its limit', async (t) => {
  const now = { running: 0, most: 0 };
  const setup = setUp({
    options: { providers: { toy: { concurrency: 2, intervalCap: 1000, intervalMs: 100 } } },
    async run(effect) {
      now.running += 1;
      now.most = Math.max(now.most, now.running);
      for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      now.running -= 1;
      return called(effect);
    },
  });
  await call(setup, ...Array.from({ length: 20 }, (_, n) => `e${String(n)}`));
  await until(setup, () => resultsIn(setup).length === 20);
  t.is(now.most, 2);
  await stop(setup);
});

test('an effect without a handler is told in the end, and calls nobody', async (t) => {
  const setup = setUp({ run: (effect) => Promise.resolve(called(effect)), options: { handlers: new Map() } });
  await call(setup, 'e1');
  await until(setup, () => resultsIn(setup).length === 1);
  t.is(setup.seen.length, 0);
  t.regex(resultsIn(setup)[0]?.body ?? '', /effect_unknown/);
  await stop(setup);
});

test('a call that kills its process every time ends as exhausted, by the durable count', async (t) => {
  const setup = setUp({ run: (effect) => Promise.resolve(called(effect)), limits: { claimIdleMs: 1_000 } });
  await setup.rig.send('purse:a', 'Call', { id: 'e1', what: 'it' });
  await setup.worker.start();
  const claims = { count: 10, idleMs: 0 };
  await until(setup, () => [...setup.rig.shard('purse:a').effects.values()].length === 1);
  for (let deaths = 0; deaths < 3; deaths += 1) {
    await setup.rig.ports.effects.claim(setup.rig.layout.allShards, { ...claims, runner: `dead/${String(deaths)}` });
  }
  setup.runner.start();
  await until(setup, () => resultsIn(setup).length === 1);
  t.is(setup.seen.length, 0);
  t.regex(resultsIn(setup)[0]?.body ?? '', /effect_crashed/);
  await stop(setup);
});

test('a result is handed over again when Redis was away, without another call', async (t) => {
  const setup = setUp({ run: (effect) => Promise.resolve(called(effect)) });
  const settle = setup.rig.ports.effects.settle.bind(setup.rig.ports.effects);
  let tries = 0;
  setup.rig.ports.effects.settle = (effect, message) => {
    tries += 1;
    return tries < 4 ? Promise.reject(new Fault({ code: 'redis_unavailable', retry: 'later' })) : settle(effect, message);
  };
  await call(setup, 'e1');
  await until(setup, () => resultsIn(setup).length === 1);
  t.is(setup.seen.length, 1);
  await stop(setup);
});

test('an effect whose runner vanished is called by the next one after the idle time', async (t) => {
  const setup = setUp({ run: (effect) => Promise.resolve(called(effect)) });
  await setup.rig.send('purse:a', 'Call', { id: 'e1', what: 'it' });
  await setup.worker.start();
  await until(setup, () => setup.rig.shard('purse:a').effects.size === 1);
  await setup.rig.ports.effects.claim(setup.rig.layout.allShards, { runner: 'dead', count: 1, idleMs: 60_000 });
  setup.runner.start();
  await setup.rig.system.advance(15_000);
  t.is(setup.seen.length, 0);
  await until(setup, () => resultsIn(setup).length === 1);
  t.is(setup.seen[0]?.attempt, 2);
  await stop(setup);
});

test('an effect whose claim was not answered is claimed again with the next look, and called once', async (t) => {
  const setup = setUp({ run: (effect) => Promise.resolve(called(effect)) });
  const claim = setup.rig.ports.effects.claim.bind(setup.rig.ports.effects);
  let lost = 0;
  setup.rig.ports.effects.claim = async (shards, options) => {
    const claimed = await claim(shards, options);
    if (claimed.length === 0 || lost > 0) return claimed;
    lost += 1;
    throw new Fault({ code: 'redis_unavailable', retry: 'later' });
  };
  await call(setup, 'e1');
  await until(setup, () => lost === 1);
  await setup.rig.system.advance(5_000);
  t.is(resultsIn(setup).length, 1);
  t.is(setup.seen.length, 1);
  await stop(setup);
});

test('an effect of a shard that was not ours for a moment is called as soon as it is ours again', async (t) => {
  const own = { looks: 0 };
  const setup = setUp({
    run: (effect) => Promise.resolve(called(effect)),
    // The claim is made while the shard is ours; when the call is to begin, it is not.
    options: { ownShards: () => (setup.rig.shard('purse:a').effects.size > 0 && ++own.looks === 2 ? [] : setup.rig.layout.allShards) },
  });
  await call(setup, 'e1');
  await until(setup, () => own.looks >= 2);
  t.is(setup.seen.length, 0);
  await setup.rig.system.advance(5_000);
  t.is(resultsIn(setup).length, 1);
  t.is(setup.seen.length, 1);
  await stop(setup);
});

test('an effect that waits for its next try is not claimed again, however long it waits', async (t) => {
  const setup = setUp({
    run: (effect) => (effect.attempt < 2 ? Promise.reject(new Fault({ code: 'away', retry: 'later' })) : Promise.resolve(called(effect))),
    limits: { claimIdleMs: 1_000, pauseMinMs: 10_000, pauseMaxMs: 10_000 },
  });
  await call(setup, 'e1');
  await until(setup, () => resultsIn(setup).length === 1);
  t.deepEqual(
    setup.seen.map((effect) => effect.attempt),
    [1, 2],
  );
  await stop(setup);
});

test('effects of shards that are not ours are left alone', async (t) => {
  const setup = setUp({ run: (effect) => Promise.resolve(called(effect)), options: { ownShards: () => [] } });
  await call(setup, 'e1');
  await setup.rig.system.advance(300_000);
  t.is(setup.seen.length, 0);
  await stop(setup);
});

test('a stop waits for the calls in flight and begins no more', async (t) => {
  let release = (): void => undefined;
  const setup = setUp({
    options: { providers: { toy: { concurrency: 1, intervalCap: 1000, intervalMs: 100 } } },
    run: (effect) => new Promise((resolve) => (release = () => resolve(called(effect)))),
  });
  await call(setup, 'e1', 'e2');
  await until(setup, () => setup.seen.length === 1);
  const stopping = stop(setup);
  await setup.rig.system.settle();
  release();
  await stopping;
  t.is(setup.seen.length, 1);
  t.is(resultsIn(setup).length, 1);
});

test('a stop cuts off a call that does not end, and leaves its effect to others', async (t) => {
  const setup = setUp({ run: () => new Promise(() => undefined), limits: { stopMs: 20 } });
  await call(setup, 'e1');
  await until(setup, () => setup.seen.length === 1);
  await stop(setup);
  t.is(resultsIn(setup).length, 0);
  t.is(setup.rig.shard('purse:a').effects.size, 1);
});
