// `ironwallet dead`: entries that were skipped, by whom and why.
import { looking } from './looking.ts';
import type { Json } from './looking.ts';
import { columns, say, sayJson } from './text.ts';

export function dead({ json = false }: Json): Promise<void> {
  return looking(async (ports) => {
    const all = await ports.redis.operations.dead(ports.layout.allShards);
    const rows = all.map((one) => [one.actor, one.entry, one.type, one.by, one.why]);
    if (json) sayJson(all);
    else if (all.length === 0) say('no entry was ever skipped');
    else for (const line of columns([['actor', 'entry', 'type', 'by', 'why'], ...rows])) say(line);
  });
}
