/** One entry may bring several facts: each is a step from state to state, and their rows and sends add up. */
import type { Row, Send } from '../../engine/actor.ts';
import type { ActorId } from '../../engine/message.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import type { BreakReason } from '../break/messages.ts';
import { send } from '../../engine/actor.ts';
import type { PaymentState } from './state.ts';

export interface Step {
  readonly state: PaymentState;
  readonly rows: readonly Row[];
  readonly sends: readonly Send[];
}

/** What a fact may look at beside the state. */
export interface Facts {
  readonly self: ActorId;
  readonly topUpId: string;
  readonly at: number;
}

/** What goes with an answer of the provider. */
export interface Answer extends Facts {
  /** By when it settles what it tells of. */
  readonly rowsWithinMs: number;
}

export function step(state: PaymentState, sends: readonly Send[] = [], rows: readonly Row[] = []): Step {
  return { state, rows, sends };
}

export function then(first: Step, next: (state: PaymentState) => Step): Step {
  const second = next(first.state);
  return { state: second.state, rows: [...first.rows, ...second.rows], sends: [...first.sends, ...second.sends] };
}

export interface Finding {
  readonly reason: BreakReason;
  readonly subject: string;
  readonly severity: 'low' | 'medium' | 'high';
  /** In question; no money goes with it. */
  readonly amount: bigint;
  readonly currency: string;
  readonly evidence: Record<string, string>;
}

/** A difference that a person has to look at, without money. */
export function findingOf(finding: Finding): Send {
  const body = { ...finding, money: 'none' as const };
  return send(breakMessages, breakActor(finding.reason, finding.subject), { type: 'OpenBreak', body });
}
