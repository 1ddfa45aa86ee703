import type {
  CachedImage,
  Expiry,
  MaintenanceRate,
  StepReport,
  StoreIncident,
  StoreStep,
} from '../../../ports/cache-store.js';
import type { EntryKey, Kind } from '../../../ports/entry.js';
import type { Geometry } from '../files/layout.js';
import type { FoundFile } from '../files/walk.js';
import type { Bounds } from '../space/bounds.js';

/** What the sweep thread does: the steps of the store that need no index, and lists of what it holds. */
export type ThreadStep = Exclude<StoreStep, 'reconcile'> | 'images' | 'files';

/** A part of a list: of the images that the store holds, or of the files of entries. */
export type Batch = { readonly images: readonly CachedImage[] } | { readonly files: readonly FoundFile[] };

/** What the thread is asked to do; all that it knows of the process. */
export interface StepRequest {
  readonly step: ThreadStep;
  readonly root: string;
  readonly geometry: Geometry;
  /** The time by the clock of the cache when the step began, milliseconds: in a long step, entries look younger. */
  readonly now: number;
  /** Milliseconds without a change after which a write is abandoned and a foreign file may go. */
  readonly stall: number;
  readonly dryRun: boolean;
  readonly rate: MaintenanceRate;
  readonly expiry?: Readonly<Record<Kind, Expiry>>;
  readonly trash: TrashInUse;
  /** What the step `bounds` keeps to; nothing without. */
  readonly bounds?: Bounds;
  /** Bytes that are read to be verified before the step leaves the rest to the next shift. */
  readonly budget: number;
}

/** Trash that the process itself is about to remove: whoever evicted it counts it. */
export interface TrashInUse {
  readonly names: readonly string[];
  /** Names as from this one are younger than the step. */
  readonly from: string;
}

/** An entry that is not there any more. */
export interface RemovedEntry {
  readonly key: EntryKey;
  /** Milliseconds since the epoch. */
  readonly lastAccess: number;
  /** Length of its file; bytes. */
  readonly size: number;
  /** Bytes that it took on the disk. */
  readonly stored: number;
  /** Where it is now, if it was set aside and kept; a full path. */
  readonly keptAt?: string;
}

/** What a step has done, so far or at its end. */
export type StepCounts = Omit<StepReport, 'step' | 'duration'>;

/** What has happened since the thread told last. */
export interface News {
  readonly counts: StepCounts;
  readonly removed: readonly RemovedEntry[];
  /** Full paths in the trash of which nothing is left. */
  readonly emptied: readonly string[];
  readonly incidents: readonly StoreIncident[];
}

/** What the thread says. */
export type ThreadMessage =
  { readonly type: 'news' | 'done'; readonly news: News } | { readonly type: 'batch'; readonly batch: Batch };

/** Words of the memory that both threads see. */
export const CONTROL = {
  /** Not 0 when the step is to end. */
  stop: 0,
  /** Batches that the thread may send before it waits. */
  credit: 1,
  length: 2,
} as const;
