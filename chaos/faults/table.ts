/** All faults, in the order of the report. */
import type { Fault } from '../fault.ts';
import { PROCESS_FAULTS } from './processes.ts';
import { REDIS_FAULTS } from './redis.ts';

export const FAULTS: readonly Fault[] = [...PROCESS_FAULTS, ...REDIS_FAULTS];
