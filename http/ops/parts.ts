/** What the operators' interface is made of; `main.ts` brings it. */
import type { BankAccount } from '../../actors/bank-account/state.ts';
import type { Break } from '../../actors/break/state.ts';
import type { Settlement } from '../../actors/settlement/state.ts';
import type { StatementDay } from '../../actors/statement-day/state.ts';
import type { VirtualAccountState } from '../../actors/virtual-account/state.ts';
import type { ActorFacts } from '../../engine/inspect.ts';
import type { ActorId } from '../../engine/message.ts';
import type { DeadEntry } from '../../engine/operations.ts';
import type { Directory, ParkedActor } from '../../engine/ports.ts';
import type { SkipRequest } from '../../engine/skip.ts';
import type { Ask } from '../command.ts';
import type { Reader } from '../reading.ts';

export interface OpsParts {
  readonly ask: Ask;
  /** The omnibus account's number. */
  readonly account: string;
  readonly currency: string;
  readonly bankAccount: Reader<BankAccount>;
  /** Id: `<account>:<date>`. */
  readonly statementDay: Reader<StatementDay>;
  /** Id: `<provider>:<document>`. */
  readonly settlement: Reader<Settlement>;
  readonly break: Reader<Break>;
  readonly wallet: Reader<VirtualAccountState>;
  readonly directory: Pick<Directory, 'list'>;
  /** How far the directory may be behind, milliseconds. */
  readonly directoryLagMs: number;
  /** Walks all actors; `date` keeps that day's line only. */
  position(date: string | null): Promise<PositionFacts>;
  readonly actors: ActorOperations;
}

/** What operators may do to any actor: the engine's own functions, with their ports filled in. */
export interface ActorOperations {
  inspect(actor: ActorId): Promise<ActorFacts>;
  parked(): Promise<readonly ParkedActor[]>;
  /** False when it is not parked. */
  resume(actor: ActorId): Promise<boolean>;
  /** Throws the fault `entry_not_parked` when it is not this entry that stops the actor. */
  skip(skip: SkipRequest): Promise<unknown>;
  dead(): Promise<readonly DeadEntry[]>;
}

/** The position and its proof: debit positive, minor units. */
export interface PositionFacts {
  readonly classes: readonly {
    readonly account: string;
    readonly currency: string;
    readonly ledger: bigint;
    readonly independent: bigint | null;
    readonly difference: bigint;
  }[];
  readonly days: readonly {
    readonly account: string;
    readonly date: string;
    readonly opening: bigint;
    readonly posted: bigint;
    readonly closing: bigint;
    readonly difference: bigint;
  }[];
  readonly identity: ReadonlyMap<string, bigint>;
  readonly differences: ReadonlyMap<string, bigint>;
  readonly broken: readonly { readonly actor: ActorId; readonly error: string }[];
  readonly actors: number;
  readonly still: boolean;
}
