/** What goes wrong, as the plan says it. */
import type { Scene } from './history.ts';
import type { Fault } from './plan.ts';

const FLIP_MS = 250;

export function strike(scene: Scene, fault: Fault): void {
  const { world, servers, fleet, outside, hints } = scene;
  const untilMs = 'ms' in fault ? world.nowMs() + fault.ms : 0;
  switch (fault.fault) {
    case 'kill':
      return fleet.kill(fault.process);
    case 'restart':
      return fleet.restart(fault.process);
    case 'pause':
      return fleet.pause(fault.process, fault.ms);
    case 'fate':
      return fleet.doom(fault.process, fault.fate, fault.afterCalls);
    case 'redis restarts':
      servers.redis.awayUntilMs = untilMs;
      return servers.restart();
    case 'redis away':
      servers.redis.awayUntilMs = untilMs;
      return;
    case 'redis slow':
      servers.redis.slowUntilMs = untilMs;
      return;
    case 'redis loses its tail':
      return loseTail(scene, fault.ms);
    case 'mongo away':
      servers.mongo.awayUntilMs = untilMs;
      return;
    case 'mongo slow':
      servers.mongo.slowUntilMs = untilMs;
      return;
    case 'mongo errors after writing':
      servers.mongo.errorsAfterWork += fault.calls;
      return;
    case 'hints lost':
      hints.lostUntilMs = untilMs;
      return;
    case 'providers in trouble':
      outside.trouble = { untilMs, probability: fault.probability };
      return;
    case 'clock of redis steps':
      return servers.stepClock(fault.ms);
    case 'two owners':
      return twoOwners(scene, fault);
    case 'rules throw':
      return fleet.badRules(fault.kind, 'throw', fault.ms);
    case 'rules kill':
      return fleet.badRules(fault.kind, 'kill', fault.ms);
  }
}

/** A wallet that is being opened could get another number when it is asked for again: nobody would know whose the first one is. */
function loseTail({ world, servers, archive, story, state }: Scene, ms: number): void {
  if (!story.areOpened()) return;
  const back = [servers.checkpoint(), archive.checkpoint()];
  world.at(ms, () => {
    world.trace(() => `redis: the last ${String(ms)} ms are lost`);
    for (const restore of back) restore();
    state.hasLostTail = true;
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
