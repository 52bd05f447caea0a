/** The network between any two parts: cut, one-way, or losing answers. */
import type { Random } from '../../mocks/control/random.ts';
import { tamperedOf } from '../cable.ts';
import type { Cable, Tamper, Way } from '../cable.ts';
import { keepOn } from '../fault.ts';
import type { Fault, Scene } from '../fault.ts';
import type { Role, Stage } from '../stage.ts';

const CUT_MS_MIN = 1_500;
const CUT_MS_MAX = 7_000;
const LOSSES_MS = 6_000;
const LOST_SHARE_OF_CLIENTS = 0.3;
const LOST_SHARE_OF_REDIS = 0.03;

/** What a role talks to. */
const USED: Readonly<Record<Role, readonly ('redis' | 'mongo' | 'moyasar' | 'bank' | 'front')[]>> = {
  wallet: ['redis', 'mongo'],
  gateway: ['redis', 'mongo', 'front'],
  payments: ['redis', 'mongo', 'moyasar', 'front'],
  omnibus: ['redis', 'mongo', 'moyasar', 'bank', 'front'],
};

function cablesOf({ parts }: Stage): Cable[] {
  return parts.flatMap((part) => USED[part.role].map((name) => part.cables[name]));
}

/** Of as many cables as there are, and of one way of each, the one whose turn it is: rounds with consecutive seeds meet all of them. */
export function turnOf(seed: number, cables: number): { readonly index: number; readonly way: Way } {
  return { index: seed % cables, way: Math.floor(seed / cables) % 2 === 0 ? 'there' : 'back' };
}

async function disturb(scene: Scene, what: (way: Way) => string, act: (cable: Cable, way: Way) => void): Promise<void> {
  const { stage, random, seed, sleep, note } = scene;
  const cables = cablesOf(stage);
  const { index, way } = turnOf(seed, cables.length);
  const cable = cables[index];
  if (cable === undefined) throw new Error('no cable to disturb');
  const ms = random.integer(CUT_MS_MIN, CUT_MS_MAX);
  note(`${cable.name} ${what(way)} for ${String(ms)} ms`);
  act(cable, way);
  await sleep(ms);
  cable.heal();
}

async function loseAnswers(scene: Scene, of: 'front' | 'redis', tamper: Tamper): Promise<void> {
  const cables = scene.stage.parts.map((part) => part.cables[of]);
  for (const cable of cables) cable.tamper(tamper);
  try {
    await keepOn(scene, LOSSES_MS, () => tamperedOf(cables) > 0);
  } finally {
    scene.note(`${String(tamperedOf(cables))} answers lost`);
    for (const cable of cables) cable.heal();
  }
}

/** The request is done, and the connection ends before its answer. */
function losing(random: Random, share: number): Tamper {
  return () => (random.next() < share ? () => null : null);
}

/** Scripts only: what is lost is the answer to something that was done. */
function losingScripts(random: Random): Tamper {
  const lose = losing(random, LOST_SHARE_OF_REDIS);
  return (sent) => (/evalsha|fcall/i.test(sent.toString('latin1')) ? lose(sent) : null);
}

export const NETWORK_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'network-cut', title: 'the network cut between any two parts', fullRounds: 30 },
    detected: 'connections end; who cannot reach Redis loses its leases, who cannot reach MongoDB says `mongo_away`',
    repeatsCalls: true,
    strike: (scene) =>
      disturb(
        scene,
        () => 'cut',
        (cable) => {
          cable.cut();
        },
      ),
  },
  {
    ...{ name: 'network-held', title: 'nothing passes between any two parts, and arrives late when the network is back', fullRounds: 20 },
    detected: 'as above, by time-outs; a commit that arrives late is fenced by token and tip',
    repeatsCalls: true,
    strike: (scene) =>
      disturb(
        scene,
        () => 'held both ways',
        (cable) => {
          cable.hold('both');
        },
      ),
  },
  {
    ...{
      name: 'network-one-way',
      title: 'the network cut one way: what is sent arrives and its answers do not, or the other way round',
      fullRounds: 38,
    },
    detected: 'by time-outs; edges answer 503 `outcome_unknown`, safe to repeat with the same key',
    repeatsCalls: true,
    strike: (scene) =>
      disturb(
        scene,
        (way) => (way === 'there' ? 'delivers nothing' : 'brings no answers'),
        (cable, way) => {
          cable.hold(way);
        },
      ),
  },
  {
    ...{
      name: 'answers-lost',
      title: 'connections dropped after the request was sent and before the answer (clients, webhooks)',
      fullRounds: 20,
    },
    detected: 'by the caller, who repeats with the same key or event id and gets the first answer',
    strike: (scene) => loseAnswers(scene, 'front', losing(scene.random, LOST_SHARE_OF_CLIENTS)),
  },
  {
    ...{ name: 'redis-answers-lost', title: 'answers of Redis lost after the script was done', fullRounds: 20 },
    detected: '`ironwallet_commits_total{result="already"}`: the client library sends again, the script finds its work done',
    repeatsCalls: true,
    strike: (scene) => loseAnswers(scene, 'redis', losingScripts(scene.random)),
  },
];
