/** What a task does; the first four are Galia's. */
export const VERBS = [
  'PurgeCache',
  'EvictInfosFromCache',
  'EvictInvalidFromCache',
  'EvictItemFromCache',
  'SweepCache',
  'CleanCache',
  'PruneCache',
  'PrefetchImages',
] as const;

/** Name of what a task does. */
export type Verb = (typeof VERBS)[number];

/** What a task is to do. */
export interface TaskRequest {
  readonly verb: Verb;
  /** Of the image; for `EvictItemFromCache`. */
  readonly identifier?: string;
  /** Counts, and changes nothing. */
  readonly dryRun: boolean;
}
