/**
 * The kinds of actors that a system consists of, each in the versions of its rules that the code still has.
 *
 * R1  Entries are replayed by the rules they were decided with; the chain proves it.
 * R2  A process that lacks the version of a tip leaves the actor to one that has it.
 */
import type { z } from 'zod';
import type { Decision, Effect, Kind, Listing, MessageSchemas, Row, Timer } from './actor.ts';
import { Fault } from './fault.ts';
import { kindOf } from './message.ts';
import type { ActorId } from './message.ts';

/**
 * A kind whose state and messages are its own affair: what every `Kind<S, T, R>` is, and what one list can hold. The engine hands such a
 * kind only the states that it made itself and the bodies that its own schemas parsed.
 */
export interface AnyKind {
  readonly name: string;
  readonly role: string;
  readonly rules: number;
  readonly messages: MessageSchemas;
  readonly state: z.ZodType;
  initial(id: string): unknown;
  decide(state: never, entry: never): Decision<unknown>;
  timers?(state: never): readonly Timer[];
  openEffects?(state: never): readonly Effect[];
  carries?(message: never): ReturnType<NonNullable<Kind['carries']>>;
  figures?(state: never): readonly Row[];
  listing?(state: never): Listing;
}

export interface Registry {
  /** The newest version of each kind. */
  readonly kinds: readonly Kind[];
  /** The roles that own actors, each once. */
  readonly roles: readonly string[];
  /** Kind name -> role: what a layout is made of. */
  readonly kindRoles: ReadonlyMap<string, string>;
  /** The newest version; undefined for an actor of a kind that this code does not know. */
  find(actor: ActorId): Kind | undefined;
  /** The kind as of `rules` (default: the newest). An older version that is no longer kept is stood in for by the next newer one. */
  kindOf(actor: ActorId, rules?: number): Kind;
  roleOf(actor: ActorId): string;
}

/** Versions of one kind may be given side by side; the one with the highest `rules` decides. */
export function createRegistry(kinds: readonly AnyKind[]): Registry {
  const versions = new Map<string, Kind[]>();
  for (const kind of [...kinds].sort((a, b) => a.rules - b.rules)) versions.set(kind.name, [...(versions.get(kind.name) ?? []), kind]);
  const newest = new Map([...versions].flatMap(([name, all]) => all.slice(-1).map((kind) => [name, kind] as const)));
  const atLeast = (actor: ActorId, rules?: number): Kind => {
    const name = kindOf(actor);
    const current = newest.get(name);
    if (current === undefined) throw new Fault({ code: 'unknown_kind', retry: 'never', message: `no kind of actor is called ${name}` });
    if (rules === undefined || rules === current.rules) return current;
    if (rules > current.rules) throw new Fault({ code: 'rules_unknown', retry: 'later', message: `${name} has rules ${rules} elsewhere` });
    return versions.get(name)?.find((kind) => kind.rules >= rules) ?? current;
  };
  return {
    kinds: [...newest.values()],
    roles: [...new Set(kinds.map(({ role }) => role))],
    kindRoles: new Map([...newest].map(([name, kind]) => [name, kind.role])),
    find: (actor) => newest.get(kindOf(actor)),
    kindOf: atLeast,
    roleOf: (actor) => atLeast(actor).role,
  };
}
