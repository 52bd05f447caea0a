/** A short wait for an actor that is about to decide something. */
import type { ActorId } from '../../engine/message.ts';
import type { GatewayParts } from './parts.ts';

/** Resolves when the actor may have moved, or after so many milliseconds. */
export function moved({ watch, system }: Pick<GatewayParts, 'watch' | 'system'>, actor: ActorId, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      callOff();
      unwatch();
      resolve();
    };
    const callOff = system.alarm(ms, end);
    const unwatch = watch(actor, end);
  });
}
