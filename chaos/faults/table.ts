/** All faults, in the order of the report. */
import type { Fault } from '../fault.ts';
import { CLOCK_FAULTS } from './clock.ts';
import { LIE_FAULTS } from './lies.ts';
import { LIMIT_FAULTS } from './limits.ts';
import { MONGO_FAULTS } from './mongo.ts';
import { NETWORK_FAULTS } from './network.ts';
import { OWNER_FAULTS } from './owners.ts';
import { PROCESS_FAULTS } from './processes.ts';
import { PROVIDER_FAULTS } from './providers.ts';
import { REDIS_FAULTS } from './redis.ts';
import { RULES_FAULTS } from './rules.ts';

export const FAULTS: readonly Fault[] = [
  ...[...PROCESS_FAULTS, ...REDIS_FAULTS, ...LIMIT_FAULTS, ...CLOCK_FAULTS, ...MONGO_FAULTS],
  ...[...NETWORK_FAULTS, ...OWNER_FAULTS, ...RULES_FAULTS, ...PROVIDER_FAULTS, ...LIE_FAULTS],
];
