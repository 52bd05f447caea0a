// Hosts with addresses of their own on one machine: network namespaces on a bridge. Needs root and Linux; gone with this process.
import { spawnSync } from 'node:child_process';
import { dieTogether, shortId } from './own-process.ts';
import type { Host } from './redis.ts';

export interface Hosts {
  readonly hosts: readonly Host[];
  /** From now on the host and the other hosts hear nothing of each other; this machine still reaches all of them. */
  cut(host: Host): void;
  heal(host: Host): void;
  close(): void;
}

const FIRST = 11;
const NAME_CHARS = 6;
const NET_BYTE_MAX = 250;

/** `why` says what was refused where this process may not make them. */
export function startHosts(count: number): Hosts | { readonly why: string } {
  const name = shortId().slice(0, NAME_CHARS);
  const net = `10.${String(process.pid % NET_BYTE_MAX)}.${String(Number.parseInt(name.slice(0, 2), 16) % NET_BYTE_MAX)}`;
  const numbers = Array.from({ length: count }, (_, index) => index);
  const space = (index: number): string => `iw${name}-${String(index)}`;
  const undo = [...numbers.map((index) => `ip netns del ${space(index)}`), `ip link del iw${name}`].join('; ');
  const watcher = dieTogether(['sh', '-c', undo]);
  const close = (): void => {
    spawnSync('sh', ['-c', undo], { stdio: 'ignore' });
    watcher.stdin?.end('done\n');
  };
  const bridge = [`ip link add iw${name} type bridge`, `ip addr add ${net}.1/24 dev iw${name}`, `ip link set iw${name} up`];
  const refused = tried([...bridge, ...numbers.flatMap((index) => hostOf({ name, net, space: space(index), index }))]);
  if (refused !== null) {
    close();
    return { why: refused };
  }
  const hosts = numbers.map((index): Host => ({
    address: `${net}.${String(FIRST + index)}`,
    prefix: ['ip', 'netns', 'exec', space(index)],
  }));
  const between = (host: Host, what: 'add' | 'del'): void => {
    for (const other of hosts.filter((one) => one !== host)) {
      run([...host.prefix, 'ip', 'route', what, 'blackhole', `${other.address}/32`]);
      run([...other.prefix, 'ip', 'route', what, 'blackhole', `${host.address}/32`]);
    }
  };
  return {
    hosts,
    cut: (host) => {
      between(host, 'add');
    },
    heal: (host) => {
      between(host, 'del');
    },
    close,
  };
}

interface Place {
  readonly name: string;
  readonly net: string;
  readonly space: string;
  readonly index: number;
}

function hostOf({ name, net, space, index }: Place): string[] {
  const [here, there] = [`iw${name}a${String(index)}`, `iw${name}b${String(index)}`];
  return [
    `ip netns add ${space}`,
    `ip link add ${here} type veth peer name ${there}`,
    `ip link set ${here} master iw${name}`,
    `ip link set ${here} up`,
    `ip link set ${there} netns ${space}`,
    `ip netns exec ${space} ip addr add ${net}.${String(FIRST + index)}/24 dev ${there}`,
    `ip netns exec ${space} ip link set ${there} up`,
    `ip netns exec ${space} ip link set lo up`,
  ];
}

/** What was refused first, or null. */
function tried(commands: readonly string[]): string | null {
  for (const command of commands) {
    const done = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    if (done.status !== 0) return `${command}: ${done.stderr.trim()}`;
  }
  return null;
}

function run([command = '', ...args]: readonly string[]): void {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr.trim()}`);
}
