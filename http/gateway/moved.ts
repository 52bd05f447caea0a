/** A short wait for an actor that is about to decide something. */
import type { ActorId } from '../../engine/message.ts';
import type { GatewayParts } from './parts.ts';

/** Resolves when the actor may have moved, or after so many milliseconds. */
export async function moved({ watch, system }: Pick<GatewayParts, 'watch' | 'system'>, actor: ActorId, ms: number): Promise<void> {
  const hint = new AbortController();
  const unwatch = watch(actor, () => {
    hint.abort('moved');
  });
  await system.sleep(ms, hint.signal);
  unwatch();
}
