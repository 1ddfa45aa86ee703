/** What a task does; the first four are Galia's. */
export const VERBS = [
  'PurgeCache',
  'EvictInfosFromCache',
  'EvictInvalidFromCache',
  'EvictItemFromCache',
  'SweepCache',
  'CleanCache',
  'PruneCache',
  'QueueImages',
  'PrefetchImages',
] as const;

/** Name of what a task does. */
export type Verb = (typeof VERBS)[number];

/** What a task is to do. */
export interface TaskRequest {
  readonly verb: Verb;
  /** Of the image; for `EvictItemFromCache`. */
  readonly identifier?: string;
  /** Of the source; for `QueueImages`. */
  readonly folder?: string;
  /** Counts, and changes nothing. */
  readonly dryRun: boolean;
}

/** What is to be queued; for `QueueImages`. */
export interface QueueOrder {
  /** Those in `folder` when absent. */
  readonly identifiers?: readonly string[];
  readonly variants?: readonly string[];
  readonly priority?: number;
}
