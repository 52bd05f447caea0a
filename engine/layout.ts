/**
 * Which shard an actor lives in: for ever the same, so the counts are fixed when an installation begins (`iw:meta` holds them).
 *
 * L1  shard = FNV-1a 32 of the actor id (UTF-8), modulo the count of its kind's role, after the role's letter: `w17`.
 */
import { Fault } from './fault.ts';
import { kindOf } from './message.ts';
import type { ActorId } from './message.ts';
import type { Shard } from './ports.ts';

export const LAYOUT_VERSION = 1;
export const SHARDS_PER_ROLE_MAX = 1024;
const ROLE_LETTER = /^[a-z]$/;

export interface RoleShards {
  /** First letter of the role's shards, one letter, unique. */
  readonly letter: string;
  readonly shards: number;
}

export interface LayoutConfig {
  readonly roles: Readonly<Record<string, RoleShards>>;
}

export interface Layout {
  readonly version: number;
  readonly roles: Readonly<Record<string, RoleShards>>;
  shardOf(actor: ActorId): Shard;
  shardsOf(role: string): readonly Shard[];
  readonly allShards: readonly Shard[];
}

export function createLayout(config: LayoutConfig, kindRoles: ReadonlyMap<string, string>): Layout {
  checkRoles(config.roles);
  const shardsByRole = new Map(Object.entries(config.roles).map(([role, { letter, shards }]) => [role, namesOf(letter, shards)]));
  const shardsByKind = new Map([...kindRoles].map(([kind, role]) => [kind, known(shardsByRole, role)]));
  return {
    version: LAYOUT_VERSION,
    roles: config.roles,
    shardOf(actor) {
      const shards = known(shardsByKind, kindOf(actor));
      return shards[fnv1a(actor) % shards.length] ?? '';
    },
    shardsOf: (role) => known(shardsByRole, role),
    allShards: [...shardsByRole.values()].flat(),
  };
}

function namesOf(letter: string, count: number): readonly Shard[] {
  return Array.from({ length: count }, (_, index) => `${letter}${String(index)}`);
}

function checkRoles(roles: LayoutConfig['roles']): void {
  const all = Object.values(roles);
  const bad = all.some(
    ({ letter, shards }) => !ROLE_LETTER.test(letter) || !Number.isInteger(shards) || shards < 1 || shards > SHARDS_PER_ROLE_MAX,
  );
  if (bad || new Set(all.map((role) => role.letter)).size !== all.length) throw new Fault({ code: 'bad_layout', retry: 'never' });
}

function known<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Fault({ code: 'unknown_kind_or_role', retry: 'never', message: `the layout does not know ${name}` });
  return found;
}

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;
const ASCII_MAX = 0x7f;

function fnv1a(text: string): number {
  let hash = OFFSET;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > ASCII_MAX) return fnv1aBytes(new TextEncoder().encode(text));
    hash = Math.imul(hash ^ unit, PRIME);
  }
  return hash >>> 0;
}

function fnv1aBytes(bytes: Uint8Array): number {
  let hash = OFFSET;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}
