/** What a history is made of. */
import type { SurveyPorts } from '../engine/survey.ts';
import type { Customers } from './customers.ts';
import type { Fleet } from './fleet.ts';
import type { Archive } from './invariants.ts';
import type { Model } from './model.ts';
import type { Outside } from './outside.ts';
import type { Servers } from './redis.ts';
import type { SharedHints } from './service.ts';
import type { Story } from './story.ts';
import type { World } from './world.ts';

/** Everything a history is made of; faults act on it. */
export interface Scene {
  readonly world: World;
  readonly servers: Servers;
  readonly outside: Outside;
  readonly hints: SharedHints;
  readonly fleet: Fleet;
  readonly story: Story;
  readonly customers: Customers;
  readonly archive: Archive;
  readonly model: Model;
  readonly survey: SurveyPorts;
  readonly state: { failure: unknown; hasLostTail: boolean; /** Losses of a tail that have begun. */ tailsToCome: number };
}
