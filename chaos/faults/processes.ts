/** Processes that die or stand still. */
import { LEASE_MS } from '../stage.ts';
import type { Part, Role } from '../stage.ts';
import { anyOf } from '../fault.ts';
import type { Fault, Scene } from '../fault.ts';

const DOWN_MS_MAX = 3_000;

/** Kills one of these with -9 and starts it again a moment later, as a supervisor would. */
async function killOne(scene: Scene, roles: readonly Role[]): Promise<void> {
  const { stage, random } = scene;
  const part = anyOf(
    random,
    roles.flatMap((role) => stage.of(role)),
  );
  scene.note(`${part.name} killed`);
  await part.kill();
  await scene.sleep(random.integer(0, DOWN_MS_MAX));
  await part.start(stage.rules);
}

/** Stops one beyond its lease; it wakes and finds that others own what was its own. */
async function pauseOne(scene: Scene, part: Part): Promise<void> {
  const ms = LEASE_MS + scene.random.integer(LEASE_MS / 2, 2 * LEASE_MS);
  scene.note(`${part.name} asleep for ${String(ms)} ms`);
  const running = part.process();
  running.signal('SIGSTOP');
  await scene.sleep(ms);
  running.signal('SIGCONT');
}

export const PROCESS_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'kill-worker', title: 'kill -9 of a wallet worker', fullRounds: 70 },
    detected:
      'started again it takes its shards at once, else the others do when its leases run out (`ironwallet_shards_total{how="expired"}`)',
    strike: (scene) => killOne(scene, ['wallet']),
  },
  {
    ...{ name: 'kill-edge', title: 'kill -9 of an edge', fullRounds: 65 },
    detected: 'the connection ends; clients repeat by key at the other edge',
    strike: (scene) => killOne(scene, ['gateway']),
  },
  {
    ...{ name: 'kill-effects', title: 'kill -9 of a process that calls bank or provider', fullRounds: 65 },
    detected: 'its effects are claimed anew by the next owner; providers repeat webhooks that got no 2xx',
    repeatsCalls: true,
    strike: (scene) => killOne(scene, ['payments', 'omnibus']),
  },
  {
    ...{ name: 'pause-worker', title: 'SIGSTOP of an owner past its lease, then SIGCONT', fullRounds: 50 },
    detected: 'fenced by token and tip: it logs `shards have another owner now` and drops them',
    repeatsCalls: true,
    strike: (scene) =>
      pauseOne(
        scene,
        anyOf(
          scene.random,
          scene.stage.parts.filter(({ role }) => role !== 'gateway'),
        ),
      ),
  },
];
