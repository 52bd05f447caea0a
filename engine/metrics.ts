/** What the engine tells the outside about itself; the turn and the loops call it, domain code never does. */

export type Labels = Readonly<Record<string, string>>;

export interface Metrics {
  count(name: CounterName, by: number, labels?: Labels): void;
  gauge(name: GaugeName, value: number, labels?: Labels): void;
  observe(name: HistogramName, value: number, labels?: Labels): void;
}

/** Lines for people; pino fits. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

interface Definition {
  readonly help: string;
  readonly labels: readonly string[];
}

export const COUNTERS = {
  ironwallet_entries_total: { help: 'Entries committed', labels: ['kind'] },
  ironwallet_refusals_total: { help: 'Commands refused, by their code', labels: ['kind', 'code'] },
  ironwallet_commits_total: { help: 'Commit calls by result: applied, already, stale, fenced, failed', labels: ['result'] },
  ironwallet_deliveries_total: { help: 'Messages delivered between actors', labels: [] },
  ironwallet_relayed_total: { help: 'Messages carried from the outbox of a shard to another shard', labels: [] },
  ironwallet_parked_total: { help: 'Actors stopped for an operator', labels: ['kind', 'error'] },
  ironwallet_loads_total: { help: 'Cold actors loaded, by result: loaded, broken, failed', labels: ['result'] },
  ironwallet_rules_waits_total: {
    help: 'Turns left to a process with newer rules, or until a snapshot under the former rules',
    labels: ['kind'],
  },
  ironwallet_timers_total: { help: 'Timers that came due', labels: [] },
  ironwallet_snapshots_total: { help: 'Snapshots by result: inserted, conflict, failed', labels: ['result'] },
  ironwallet_oversized_states_total: { help: 'Snapshots whose state is beyond the limit', labels: ['kind'] },
  ironwallet_shards_total: { help: 'Shards taken and given, by how', labels: ['role', 'how'] },
  ironwallet_effects_total: {
    help: 'Calls to the outside world by result: settled, exhausted, retried, overtaken',
    labels: ['type', 'result'],
  },
  ironwallet_loop_failures_total: { help: 'Failures that a loop of the worker went on after', labels: ['loop'] },
} as const satisfies Record<string, Definition>;

export const GAUGES = {
  ironwallet_shards_owned: { help: 'Shards this process owns', labels: ['role'] },
  ironwallet_shards: { help: 'Shards that the role has in all', labels: ['role'] },
  ironwallet_oldest_ready_ms: {
    help: 'Age of the oldest uncommitted entry of the role, whoever owns its shard; 0 when none waits',
    labels: ['role'],
  },
  ironwallet_standstill_ms: {
    help: 'Longest time that an entry has waited in a shard of this process without any commit there; 0 when none waits',
    labels: ['role'],
  },
  ironwallet_ready_actors: { help: 'Actors of the role with uncommitted entries', labels: ['role'] },
  ironwallet_parked_actors: { help: 'Actors of the role that wait for an operator', labels: ['role'] },
  ironwallet_dead_letters: { help: 'Entries of the role that operators skipped', labels: ['role'] },
  ironwallet_redis_memory_bytes: { help: 'Memory that Redis uses', labels: [] },
  ironwallet_redis_memory_max_bytes: { help: 'Memory that Redis may use; 0: no limit is set', labels: [] },
  ironwallet_hot_actors: { help: 'Actors in memory', labels: [] },
  ironwallet_dirty_actors: { help: 'Actors with entries that no snapshot covers', labels: [] },
  ironwallet_unsaved_entries: { help: 'Entries that no snapshot covers; beyond the limit turns wait', labels: [] },
  ironwallet_unsaved_chars: {
    help: 'Characters of journal and ledger that MongoDB does not have yet; beyond the limit turns wait',
    labels: [],
  },
  ironwallet_snapshot_lag_ms: { help: 'Age of the oldest entry that no snapshot covers', labels: [] },
  ironwallet_loading_actors: { help: 'Cold actors being loaded', labels: [] },
  ironwallet_last_commit_ms: { help: 'Milliseconds since 1970 of the last commit', labels: [] },
} as const satisfies Record<string, Definition>;

export const HISTOGRAMS = {
  ironwallet_cycle_ms: { help: 'Duration of a cycle that committed something', labels: [] },
  ironwallet_commit_ms: { help: 'Duration of the commit of a cycle', labels: [] },
  ironwallet_cycle_entries: { help: 'Entries of a cycle that committed something', labels: [] },
  ironwallet_effect_ms: { help: 'Duration of one call to the outside world', labels: ['type'] },
  ironwallet_snapshot_batch_ms: { help: 'Duration of one snapshot batch', labels: [] },
} as const satisfies Record<string, Definition>;

export type CounterName = keyof typeof COUNTERS;
export type GaugeName = keyof typeof GAUGES;
export type HistogramName = keyof typeof HISTOGRAMS;

const nothing = (): void => undefined;

export const silentMetrics: Metrics = { count: nothing, gauge: nothing, observe: nothing };
export const silentLog: Log = { info: nothing, warn: nothing, error: nothing };
