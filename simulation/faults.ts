/** What goes wrong, as the plan says it. */
import type { Fault } from './plan.ts';
import type { Scene } from './scene.ts';

const FLIP_MS = 250;
/** Between the end of a Redis that loses its tail and its next beginning. */
const DOWN_MS_MAX = 1_000;

type Of<F extends Fault['fault']> = Extract<Fault, { fault: F }>;

const STRIKES: { readonly [F in Fault['fault']]: (scene: Scene, fault: Of<F>) => void } = {
  kill: ({ fleet }, { process }) => fleet.kill(process),
  restart: ({ fleet }, { process }) => fleet.restart(process),
  pause: ({ fleet }, { process, ms }) => fleet.pause(process, ms),
  fate: ({ fleet }, { process, fate, afterCalls }) => fleet.doom(process, fate, afterCalls),
  'redis restarts': (scene, fault) => {
    scene.servers.redis.awayUntilMs = until(scene, fault);
    scene.servers.restart();
  },
  'redis away': (scene, fault) => (scene.servers.redis.awayUntilMs = until(scene, fault)),
  'redis slow': (scene, fault) => (scene.servers.redis.slowUntilMs = until(scene, fault)),
  'redis loses its tail': (scene, { ms }) => loseTail(scene, ms),
  'mongo away': (scene, fault) => (scene.servers.mongo.awayUntilMs = until(scene, fault)),
  'mongo slow': (scene, fault) => (scene.servers.mongo.slowUntilMs = until(scene, fault)),
  'mongo errors after writing': ({ servers }, { calls }) => (servers.mongo.errorsAfterWork += calls),
  'hints lost': (scene, fault) => (scene.hints.lostUntilMs = until(scene, fault)),
  'webhooks late': (scene, fault) => scene.story.delayWebhooks(until(scene, fault), fault.byMs),
  'providers in trouble': (scene, fault) => (scene.outside.trouble = { untilMs: until(scene, fault), probability: fault.probability }),
  'clock of redis steps': ({ servers }, { ms }) => servers.stepClock(ms),
  'two owners': (scene, fault) => twoOwners(scene, fault),
  'rules throw': ({ fleet }, { kind, ms }) => fleet.badRules(kind, 'throw', ms),
  'rules kill': ({ fleet }, { kind, ms }) => fleet.badRules(kind, 'kill', ms),
};

export function strike<F extends Fault['fault']>(scene: Scene, fault: Of<F>): void {
  const run: (scene: Scene, fault: Of<F>) => void = STRIKES[fault.fault];
  run(scene, fault);
}

function until({ world }: Scene, { ms }: { readonly ms: number }): number {
  return world.nowMs() + ms;
}

/** A wallet that is being opened could get another number when it is asked for again: nobody would know whose the first one is. */
function loseTail({ world, servers, archive, story, state }: Scene, ms: number): void {
  // In a cluster each master loses its own tail, and the relay waits for replicas: tests/cluster shows that on real servers.
  if (servers.ports.store.cluster || !story.areOpened()) return;
  if (state.tailsToCome > 0) return; // what one loses, the other cannot bring back
  state.tailsToCome += 1;
  const back = [servers.checkpoint(), archive.checkpoint()];
  // Its end comes slowly, so that calls are under way then.
  servers.redis.slowUntilMs = Math.max(servers.redis.slowUntilMs, world.nowMs() + ms);
  world.at(ms, () => {
    world.trace(() => `redis: the last ${String(ms)} ms are lost`);
    for (const restore of back) restore();
    // It was killed, and starts: calls under way come again, now to what it remembers.
    servers.redis.awayUntilMs = Math.max(servers.redis.awayUntilMs, world.nowMs() + world.random.integer(1, DOWN_MS_MAX));
    state.hasLostTail = true;
    state.tailsToCome -= 1;
  });
}

/** The lease's token is rewritten again and again, so that two workers hold it in turn, each believing in its own. */
function twoOwners({ world, servers: { ports } }: Scene, { shard: index, ms }: { readonly shard: number; readonly ms: number }): void {
  const shard = [...ports.store.shards.values()][index];
  const first = shard?.lease?.token;
  if (shard === undefined || first === undefined) return;
  const endMs = world.nowMs() + ms;
  if (shard.lease !== null) shard.lease = { ...shard.lease, owner: 'nobody', expiresAt: 0 };
  const tokens = new Set([first]);
  const flip = (): void => {
    const { lease } = shard;
    if (lease === null || world.nowMs() > endMs) return;
    tokens.add(lease.token);
    const all = [...tokens];
    shard.lease = { ...lease, token: all[(all.indexOf(lease.token) + 1) % all.length] ?? lease.token };
    world.at(FLIP_MS, flip);
  };
  world.at(FLIP_MS, flip);
}
