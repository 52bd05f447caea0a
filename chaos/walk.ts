/** What the books say of wallets and breaks, read from every actor's own state, past all edges. */
import { breakKind } from '../actors/break/decide.ts';
import type { Break } from '../actors/break/state.ts';
import { virtualAccount } from '../actors/virtual-account/decide.ts';
import { idOf, toJson } from '../engine/message.ts';
import { survey } from '../engine/survey.ts';
import type { SurveyPorts } from '../engine/survey.ts';

export interface Walked {
  /** Halalas, by wallet. */
  readonly available: ReadonlyMap<string, bigint>;
  /** By `<reason>:<subject>`. */
  readonly breaks: ReadonlyMap<string, Pick<Break, 'status' | 'held'>>;
}

export async function walk(ports: SurveyPorts): Promise<Walked> {
  const available = new Map<string, bigint>();
  const breaks = new Map<string, Pick<Break, 'status' | 'held'>>();
  await survey(ports, {
    actor: ({ actor, state }, kind) => {
      const stored = (): unknown => JSON.parse(toJson(state));
      if (kind.name === virtualAccount.name) available.set(idOf(actor), virtualAccount.state.parse(stored()).available);
      if (kind.name === breakKind.name) breaks.set(idOf(actor), breakKind.state.parse(stored()));
    },
    ...{ carried: () => undefined, broken: () => undefined },
  });
  return { available, breaks };
}
