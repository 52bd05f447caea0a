/** The product's kinds with newer rules: the former versions are there too, as code keeps them. */
import type { Accepted, Decision, Kind } from '../engine/actor.ts';
import { KINDS } from '../actors/kinds.ts';

/** Versions up to `newer` above the product's. */
export function kindsUpTo(newer: number): Kind[] {
  const versions = Array.from({ length: newer + 1 }, (_, version) => version);
  return versions.flatMap((version) => KINDS.map((kind) => (version === 0 ? kind : newerOf(kind, version))));
}

/** Decides the same money, and another answer: so the chain tells which version has decided, and a replay by another one diverges. */
function newerOf(kind: Kind, version: number): Kind {
  return {
    ...kind,
    rules: kind.rules + version,
    decide: (state, entry) => marked(kind.decide(state, entry), version),
  };
}

function marked(decision: Decision<unknown>, version: number): Decision<unknown> {
  if (!decision.ok) return decision;
  const { answer } = decision;
  const told: Accepted<unknown>['answer'] =
    typeof answer === 'object' && answer !== null && !Array.isArray(answer) ? { ...answer, rules: version } : answer;
  return { ...decision, answer: told };
}
