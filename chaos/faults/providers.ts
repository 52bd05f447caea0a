/** What the fakes can do wrong: to the calls that we make, and to the webhooks that they send. */
import type { FaultRule } from '../../mocks/control/faults.ts';
import { keepOn } from '../fault.ts';
import type { Fault, Scene } from '../fault.ts';

const LASTS_MS = 7_000;

type Rule = Omit<FaultRule, 'route' | 'seed'>;

/** Until each of the rules has come true at one of the fakes. */
async function misbehave(scene: Scene, route: string, rules: readonly Rule[]): Promise<void> {
  const { stage, random, note } = scene;
  const fakes = [stage.bank, stage.moyasar];
  for (const fake of fakes) for (const rule of rules) await fake.faults({ ...rule, route, seed: random.integer(1, 1_000_000) });
  // Both fakes list them in the order in which they were told.
  const counts = async (): Promise<number[]> => {
    const lists = await Promise.all(fakes.map((fake) => fake.faultList()));
    return rules.map((_, index) => lists.reduce((sum, list) => sum + (list[index]?.fired ?? 0), 0));
  };
  try {
    await keepOn(scene, LASTS_MS, async () => (await counts()).every((count) => count > 0));
  } finally {
    note(`${(await counts()).join(' and ')} times`);
    await Promise.all(fakes.map((fake) => fake.clearFaults()));
  }
}

const CALLS = '*';
const WEBHOOKS = 'WEBHOOK *';

interface Named {
  readonly name: string;
  readonly title: string;
  readonly detected: string;
  readonly route: string;
  readonly rules: readonly Rule[];
}

const RETRIED = '`ironwallet_effects_total{result="retried"}`; exhausted ones become a break';

const NAMED: readonly Named[] = [
  {
    ...{
      name: 'provider-fail',
      title: 'bank and provider answer 500, 429 and 503, before and after their work',
      route: CALLS,
      detected: RETRIED,
    },
    rules: [
      { kind: 'fail', probability: 0.2, status: 500, when: 'after' },
      { kind: 'fail', probability: 0.2, status: 503, when: 'before' },
      { kind: 'fail', probability: 0.1, status: 429, when: 'before' },
    ],
  },
  {
    ...{ name: 'provider-delay', title: 'bank and provider answer late', route: CALLS, detected: '`ironwallet_effect_ms`' },
    rules: [{ kind: 'delay', probability: 0.5, ms: 2_500 }],
  },
  {
    ...{
      name: 'provider-drop',
      title: 'bank and provider end the connection, before and after their work',
      route: CALLS,
      detected: RETRIED,
    },
    rules: [
      { kind: 'drop', probability: 0.25, when: 'after' },
      { kind: 'drop', probability: 0.15, when: 'before' },
    ],
  },
  {
    ...{ name: 'provider-malformed', title: 'bank and provider answer half a document', route: CALLS, detected: RETRIED },
    rules: [{ kind: 'malformed', probability: 0.4 }],
  },
  {
    ...{
      name: 'webhook-duplicate',
      title: 'webhooks come twice',
      route: WEBHOOKS,
      detected: 'by the actor that the event is for; nothing happens twice',
    },
    rules: [{ kind: 'duplicate', probability: 0.8 }],
  },
  {
    ...{
      name: 'webhook-reorder',
      title: 'webhooks come in another order, late',
      route: WEBHOOKS,
      detected: 'acted on only after a re-fetch',
    },
    rules: [
      { kind: 'reorder', probability: 0.6, ms: 2_000 },
      { kind: 'delay', probability: 0.3, ms: 1_000 },
    ],
  },
  {
    ...{ name: 'webhook-delay', title: 'webhooks come late', route: WEBHOOKS, detected: 'invoices and settlements are polled meanwhile' },
    rules: [{ kind: 'delay', probability: 0.8, ms: 3_000 }],
  },
  {
    ...{
      name: 'webhook-drop',
      title: 'webhooks never come',
      route: WEBHOOKS,
      detected: 'invoices, settlements and the statement are polled',
    },
    rules: [{ kind: 'drop', probability: 0.9, when: 'before' }],
  },
  {
    ...{
      name: 'webhook-fail',
      title: 'webhooks fail, or are sent again although they were taken',
      route: WEBHOOKS,
      detected: 'by the event id',
    },
    rules: [
      { kind: 'fail', probability: 0.4 },
      { kind: 'drop', probability: 0.5, when: 'after' },
      { kind: 'malformed', probability: 0.2 },
    ],
  },
];

export const PROVIDER_FAULTS: readonly Fault[] = NAMED.map(({ name, title, detected, route, rules }) => ({
  ...{ name, title, detected, fullRounds: 5, repeatsCalls: route === CALLS },
  strike: (scene) => misbehave(scene, route, rules),
}));
