import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageCacheError, messageOf } from '../../../common/errors.js';
import type { Generations } from '../../../common/generations.js';
import type { CacheBus, Eviction } from '../../../ports/cache-bus.js';
import type { EntryKey, Evicted, EvictedCounts, Generation, Kind } from '../../../ports/entry.js';
import { ifPresent } from '../files/file-access.js';
import type { Layout } from '../files/layout.js';
import { removeEmptyParents } from '../files/with-parents.js';
import type { Discarded, Space } from '../space/space.js';
import type { Quarantine } from './quarantine.js';
import type { Trash, TrashCount } from './trash.js';

/** What an {@link Evictor} depends on. */
export interface EvictorOptions {
  readonly layout: Layout;
  readonly trash: Trash;
  readonly quarantine: Quarantine;
  readonly generations: Generations;
  readonly space: Space;
  /** Tells the others who use the same root. */
  readonly bus: CacheBus;
}

interface Piece {
  readonly path: string;
  readonly kind: Kind;
  /** The entries that it is, where it is not an unfinished write. */
  readonly what?: Discarded;
}

/** A piece that has been taken out of sight. */
interface Taken {
  /** Where it was. */
  readonly from: string;
  /** Where it is. */
  readonly path: string;
  readonly kind: Kind;
}

/**
 * Takes entries away, unfinished writes first: whoever publishes in between is then found among the entries. The
 * generation ends when everything is out of sight, also after a failure: who reads then cannot have seen what was there.
 */
export class Evictor {
  readonly #options: EvictorOptions;
  readonly #closing = new AbortController();
  readonly #emptying = new Set<Promise<EvictedCounts>>();
  readonly #conditional = new Map<string, Promise<Evicted>>();

  constructor(options: EvictorOptions) {
    this.#options = options;
  }

  async entry(key: EntryKey): Promise<Evicted> {
    const { layout, generations } = this.#options;
    const directory = layout.writes(key);
    try {
      const names = (await ifPresent(readdir(directory))) ?? [];
      const writes = names.filter((name) => layout.isWriteOf(key, name)).map((name) => join(directory, name));
      const { kind } = key;
      return await this.#evict({ key }, [
        ...writes.map((path) => ({ path, kind })),
        { path: layout.file(key), kind, what: { key } },
      ]);
    } finally {
      generations.bump(key.group);
    }
  }

  /** Of several that ask for it in one generation, one evicts the image and the others wait for that. */
  async image(group: string, ifGeneration?: Generation): Promise<Evicted> {
    if (ifGeneration === undefined) return this.#evictImage(group);
    if (this.#options.generations.of(group) !== ifGeneration) return countsOf([]);
    const underWay = this.#conditional.get(group);
    if (underWay !== undefined) return underWay.then(() => countsOf([]));
    const eviction = this.#evictImage(group).finally(() => this.#conditional.delete(group));
    this.#conditional.set(group, eviction);
    return eviction;
  }

  /** Out of sight at once; the counts are complete when the space has been given back, or the signal ends that. */
  async everything(kinds: readonly Kind[], signal?: AbortSignal): Promise<Evicted> {
    const { layout, generations } = this.#options;
    try {
      const eviction = kinds.length === 1 ? { kind: kinds[0] } : {};
      const { taken, failure } = await this.#take(
        eviction,
        kinds.map((kind) => ({ path: layout.tree(kind), kind, what: { kind } })),
      );
      const completed = this.#remove(taken, signal);
      this.#emptying.add(completed);
      const forget = (): void => void this.#emptying.delete(completed);
      completed.then(forget, forget);
      if (kinds.length > 1) await this.#removeDamaged();
      if (failure !== undefined) throw failure;
      return { ...countsOf([]), completed };
    } finally {
      generations.bumpAll();
    }
  }

  /** Stops giving space back; what is left is in the trash and goes with the next shift. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#emptying);
  }

  async #evictImage(group: string): Promise<Evicted> {
    const { layout, generations } = this.#options;
    try {
      const pieces = layout.image(group).map((piece) => ({ ...piece, what: { group, kind: piece.kind } }));
      const evicted = await this.#evict({ group }, pieces);
      await this.#removeDamaged(group);
      return evicted;
    } finally {
      generations.bump(group);
    }
  }

  async #evict(eviction: Eviction, pieces: readonly Piece[]): Promise<EvictedCounts> {
    const { taken, failure } = await this.#take(eviction, pieces);
    const counts = await this.#remove(taken);
    if (failure !== undefined) throw failure;
    return counts;
  }

  /**
   * What cannot be taken does not keep the rest from being taken. The others are told when that is out of sight, so that
   * who learns of it cannot read it again.
   */
  async #take(
    eviction: Eviction,
    pieces: readonly Piece[],
  ): Promise<{ taken: readonly Taken[]; failure?: ImageCacheError }> {
    const taken: Taken[] = [];
    const failures: unknown[] = [];
    const { layout, trash, space } = this.#options;
    for (const { path, kind, what } of pieces) {
      try {
        const moved = await trash.take(path);
        if (moved === undefined) continue;
        taken.push({ from: path, path: moved, kind });
        if (what !== undefined) space.discarded(what, layout.relative(moved));
      } catch (error) {
        failures.push(error);
      }
    }
    const failed = `${failures.length} of ${pieces.length} parts could not be evicted`;
    const untold = await this.#options.bus.publish(eviction).then(
      () => undefined,
      (error: unknown) => error,
    );
    const [cause = untold] = failures;
    if (cause === undefined) return { taken };
    const message = `${failures.length > 0 ? failed : 'Other processes could not be told'}: ${messageOf(cause)}`;
    return { taken, failure: new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', message, { cause }) };
  }

  /** What was set aside for somebody to look at is gone with the image. */
  async #removeDamaged(group?: string): Promise<void> {
    const { layout, quarantine, space } = this.#options;
    for (const path of await quarantine.remove(group)) space.emptied(layout.relative(path));
  }

  async #remove(taken: readonly Taken[], stop?: AbortSignal): Promise<EvictedCounts> {
    const counts: [Kind, TrashCount][] = [];
    const { layout, trash, space } = this.#options;
    const closing = this.#closing.signal;
    const signal = stop === undefined ? closing : AbortSignal.any([closing, stop]);
    for (const { from, path, kind } of taken) {
      await removeEmptyParents(layout, from);
      const count = await trash.remove(path, signal);
      if (count.failed === 0 && !signal.aborted) space.emptied(layout.relative(path));
      counts.push([kind, count]);
    }
    return countsOf(counts);
  }
}

function countsOf(counts: readonly (readonly [Kind, TrashCount])[]): EvictedCounts {
  const entries = (kind: Kind): number =>
    counts.reduce((sum, [each, count]) => sum + (each === kind ? count.entries : 0), 0);
  return {
    infos: entries('info'),
    variants: entries('variant'),
    sources: entries('source'),
    bytes: counts.reduce((sum, [, { bytes }]) => sum + bytes, 0),
  };
}
