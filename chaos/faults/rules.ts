/** A deployment that decides otherwise, rolled out under load. */
import type { Fault } from '../fault.ts';

export const RULES_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'rolling-rules', title: 'rolling restart with a new version of the rules of every kind', fullRounds: 10 },
    detected: '`ironwallet_rules_waits_total`: processes without the version leave the actor to those that have it',
    repeatsCalls: true,
    async strike({ stage, note }) {
      const rules = stage.rules + 1;
      // Who only looks goes first: who has the old rules cannot read what the new ones decided.
      const order = ['gateway', 'payments', 'omnibus', 'wallet'] as const;
      for (const part of order.flatMap((role) => stage.of(role))) {
        await part.stop();
        await part.start(rules);
      }
      stage.rules = rules;
      note(`all processes have rules +${String(rules)}`);
    },
  },
];
