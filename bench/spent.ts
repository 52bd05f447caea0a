/** Where processor time went while something ran: in this process, in Redis (and there by command), in MongoDB and in other processes. */
import type { RedisPorts } from '../providers/redis/ports.ts';
import { infoOf } from '../providers/redis/reply.ts';
import { processorMs } from './rig.ts';

export interface SpentOptions {
  readonly redis: RedisPorts['redis'];
  /** What this process is called among the parts. */
  readonly self: string;
  /** Name -> pid of other processes, as Linux counts them; undefined: not ours, left out. */
  readonly processes: Readonly<Record<string, number | undefined>>;
}

export interface Spent {
  /** Microseconds by part. */
  readonly parts: ReadonlyMap<string, number>;
  /** Microseconds by command, those that scripts call included; the scripts themselves without what they call are `scripts`. */
  readonly commands: ReadonlyMap<string, number>;
}

/** Counts from now on; what it gives back tells what was spent since. */
export async function countSpent({ redis, self, processes }: SpentOptions): Promise<() => Promise<Spent>> {
  const pids = Object.entries(processes).flatMap(([name, pid]) => (pid === undefined ? [] : [[name, pid] as const]));
  const look = async (): Promise<Spent> => {
    const cpu = process.cpuUsage();
    const parts = new Map([
      [self, cpu.user + cpu.system],
      ['Redis', microsOf(await redis.info('cpu'))],
      ...pids.map(([name, pid]) => [name, processorMs(pid) * 1000] as const),
    ]);
    return { parts, commands: commandsOf(await redis.info('commandstats')) };
  };
  const before = await look();
  return async () => {
    const after = await look();
    return { parts: difference(after.parts, before.parts), commands: difference(after.commands, before.commands) };
  };
}

function difference(after: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...after].map(([name, micros]) => [name, micros - (before.get(name) ?? 0)]));
}

/** Of Redis' main thread and its helpers, system time included, from what INFO answers. */
export function microsOf(info: string): number {
  return (Number(infoOf(info, 'used_cpu_user')) + Number(infoOf(info, 'used_cpu_sys'))) * 1_000_000;
}

const SCRIPTS = new Set(['fcall', 'fcall_ro', 'eval', 'evalsha', 'evalsha_ro']);

function commandsOf(info: string): Map<string, number> {
  const commands = new Map<string, number>();
  for (const [, name = '', micros = '0'] of info.matchAll(/^cmdstat_([^:]+):calls=\d+,usec=(\d+)/gm)) commands.set(name, Number(micros));
  const outer = [...commands].filter(([name]) => SCRIPTS.has(name)).reduce((sum, [, micros]) => sum + micros, 0);
  const inner = [...commands].filter(([name]) => !SCRIPTS.has(name)).reduce((sum, [, micros]) => sum + micros, 0);
  for (const name of SCRIPTS) commands.delete(name);
  return commands.set('scripts', Math.max(0, outer - inner));
}
