import { unlink } from 'node:fs/promises';
import { messageOf } from '../../../common/errors.js';
import type { StoreIncident } from '../../../ports/cache-store.js';
import type { Clock } from '../../../ports/clock.js';
import type { EvictedCounts, Kind } from '../../../ports/entry.js';
import { countEvicted } from '../../count-evicted.js';
import type { EntryIndex, IndexedEntry } from '../index/entry-index.js';
import { isAbsence } from '../files/file-access.js';
import type { Layout } from '../files/layout.js';
import { removeEmptyParents } from '../files/with-parents.js';
import { isEnough, type Shortage } from './bounds.js';

/** Entries that go before room is looked for again: small, since whoever waits may need only one to go. */
const BATCH = 16;

/** Batches in a row of which nothing can be removed, before no more are tried. */
const PATIENCE = 4;

/** What a {@link Pruner} depends on. */
export interface PrunerOptions {
  readonly layout: Layout;
  readonly index: () => EntryIndex;
  readonly clock: Clock;
  readonly report: (incident: StoreIncident) => void;
  /** Told of what has gone to make room, unless a sweep does it, which reports itself. */
  readonly pruned?: ((gone: EvictedCounts) => void) | undefined;
}

/** What has gone. */
export interface Pruned {
  readonly entries: number;
  /** Bytes on the disk. */
  readonly bytes: number;
}

/** Who wants to know what happens to each entry. */
export interface PruneListener {
  /** Its file has been removed. */
  removed(entry: IndexedEntry): void;
  /** Its file could not be removed. */
  stuck(path: string, cause: unknown): void;
}

/**
 * Removes the least recently used entries, found in the index: the cost follows what goes, not what stays. Who reads an
 * entry has its file open and reads on.
 */
export class Pruner {
  readonly #options: PrunerOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: PrunerOptions) {
    this.#options = options;
  }

  /** Removes entries until what `shortage` tells is covered, or nothing is left; one batch at a time in a process. */
  prune(shortage: (pruned: Pruned) => Shortage, listener?: PruneListener): Promise<Pruned> {
    const pruned = this.#turn.then(() => this.#pruneUntil(shortage, listener));
    this.#turn = pruned.catch(() => undefined);
    return pruned;
  }

  async #pruneUntil(shortage: (pruned: Pruned) => Shortage, listener?: PruneListener): Promise<Pruned> {
    const pruned = { entries: 0, bytes: 0 };
    let failures = 0;
    for (let missing = shortage(pruned); !isEnough(missing) && failures < PATIENCE; missing = shortage(pruned)) {
      const victims = this.#enough(missing);
      if (victims.length === 0) return pruned;
      const gone = await this.#remove(victims, listener);
      failures = gone.length === 0 ? failures + 1 : 0;
      if (listener === undefined && gone.length > 0) this.#options.pruned?.(countEvicted(gone.map(goneOf)));
      pruned.entries += gone.length;
      pruned.bytes += gone.reduce((sum, { stored }) => sum + stored, 0);
    }
    return pruned;
  }

  /** As many of the oldest as it takes, or a batch of them. */
  #enough({ bytes, entries: count }: Shortage): readonly IndexedEntry[] {
    const index = this.#options.index();
    const oldest = index.oldest(BATCH);
    const freedBy = index.leaving();
    let freed = 0;
    const last = oldest.findIndex((entry, at) => {
      freed += freedBy(entry);
      return freed >= bytes && at + 1 >= count;
    });
    return last === -1 ? oldest : oldest.slice(0, last + 1);
  }

  /** What cannot be removed counts as just used, so that the next ones get their turn. */
  async #remove(victims: readonly IndexedEntry[], listener?: PruneListener): Promise<IndexedEntry[]> {
    const { layout, index, clock, report } = this.#options;
    const gone: IndexedEntry[] = [];
    for (const victim of victims) {
      const path = layout.file(victim.key);
      try {
        await unlink(path);
        listener?.removed(victim);
      } catch (cause) {
        if (!isAbsence(cause)) {
          report({ kind: 'leftover', message: `${path} could not make room: ${messageOf(cause)}`, cause });
          index().touch([{ key: victim.key, at: clock.now(), hits: 0 }]);
          listener?.stuck(path, cause);
          continue;
        }
      }
      gone.push(victim);
      await removeEmptyParents(layout, path);
    }
    index().remove(gone);
    return gone;
  }
}

function goneOf({ key, stored }: IndexedEntry): { readonly kind: Kind; readonly bytes: number } {
  return { kind: key.kind, bytes: stored };
}
