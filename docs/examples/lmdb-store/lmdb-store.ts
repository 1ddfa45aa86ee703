import { ImageCacheError, parseSize, resolveRange } from 'nestjs-image-cache';
import type * as port from 'nestjs-image-cache';
import { nameOf, Tables, type Row } from './tables.js';

/** Options of {@link lmdbStore}. */
export interface LmdbStoreOptions {
  /** Made when it is missing; on a disk of this machine. */
  readonly directory: string;
  /** Size of all bodies; the least recently used entries go when it is exceeded. */
  readonly maxSize: port.Size;
}

/**
 * Keeps entries in an embedded database, shared by the processes of one machine:
 * `variant: { store: lmdbStore({ directory: '/var/cache/pictures', maxSize: '10GB' }) }`
 */
export function lmdbStore({ directory, maxSize }: LmdbStoreOptions): port.StoreFactory {
  if (!directory) throw new ImageCacheError('E_IMAGE_CACHE_OPTIONS', 'lmdbStore.directory is missing');
  const maxBytes = parseSize(maxSize, 'lmdbStore.maxSize');
  return (context) => new LmdbStore({ directory, maxBytes }, context);
}

class LmdbStore implements port.CacheStore {
  readonly name = 'LMDB';
  readonly features: port.StoreFeatures = {
    shared: true,
    persistent: true,
    bounded: true,
    hits: true,
    enumerable: true,
    orderedByAccess: true,
    steps: ['abandoned'],
  };
  #opened: Tables | undefined;

  constructor(
    readonly options: { readonly directory: string; readonly maxBytes: number },
    readonly context: port.StoreContext,
  ) {}

  open() {
    return new Promise<void>((resolve) => {
      this.#opened = new Tables(this.options.directory);
      resolve();
    });
  }

  async close() {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.close();
  }

  ping() {
    return this.#look((tables) => void tables.generation(''));
  }

  read(key: port.EntryKey, { range, ifNoneMatch = [] }: port.ReadOptions = {}) {
    return this.#look((tables) => {
      const row = tables.row(key);
      if (row === undefined) return undefined;
      const { meta, lastAccess, hits, body: id } = row;
      if (ifNoneMatch.includes(meta.digest)) return { notModified: true, meta, lastAccess } as const;
      const part = range && resolveRange(range, meta.size);
      const bytes = part ?? { start: 0, end: meta.size - 1 };
      const isSmall = bytes.end - bytes.start < this.context.maxBufferedEntry;
      const body = isSmall ? tables.bodies.read(id, bytes) : tables.bodies.stream(id, bytes);
      return { meta, lastAccess, hits, body, ...(part && { range: part }) };
    });
  }

  stat(key: port.EntryKey) {
    return this.#look((tables) => {
      const row = tables.row(key);
      return row && listed(row);
    });
  }

  generation(group: string) {
    return this.#look((tables) => tables.generation(group));
  }

  usage(kind?: port.Kind) {
    return this.#look((tables) => tables.usage(kind));
  }

  async reserve(key: port.EntryKey): Promise<port.Reservation> {
    const generation = await this.generation(key.group);
    let isOver = false;
    return {
      generation,
      commit: async (source, { announcedLength, lastAccess, ...description }) => {
        if ('file' in source) throw new ImageCacheError('E_IMAGE_CACHE_UNSUPPORTED', 'There are no files.');
        const at = this.context.clock.now();
        const limits = { at, limit: this.options.maxBytes, announcedLength };
        const { id, ...measured } = await this.#tables.bodies.write(source.body, limits);
        const row = { key, meta: { ...description, ...measured }, lastAccess: lastAccess ?? at, hits: 0, body: id };
        const isPublished = await this.#change((tables) => {
          // No other process makes changes meanwhile: nobody can evict between the question and the entry.
          const isCurrent = !isOver && tables.generation(key.group) === generation && tables.bodies.finish(id);
          isOver = true;
          if (isCurrent) this.#publish(tables, row);
          else tables.bodies.discard(id);
          return isCurrent;
        });
        return isPublished ? row.meta : 'fenced';
      },
      abort: () => Promise.resolve(void (isOver = true)),
    };
  }

  touch(touches: readonly port.Touch[]) {
    return this.#change((tables) => {
      for (const { key, at, hits } of touches) {
        const row = tables.row(key);
        if (row) tables.touch(row, { lastAccess: Math.max(row.lastAccess, at), hits: row.hits + hits });
      }
    });
  }

  delete(key: port.EntryKey) {
    return this.#change((tables) => {
      tables.beginGeneration(key.group);
      const row = tables.row(key);
      return tables.remove(row ? [row] : []);
    });
  }

  deleteGroup(group: string, { ifGeneration }: { readonly ifGeneration?: port.Generation } = {}) {
    return this.#change((tables) => {
      if (ifGeneration !== undefined && ifGeneration !== tables.generation(group)) return tables.remove([]);
      tables.beginGeneration(group);
      return tables.remove(tables.image(group));
    });
  }

  clear(kind?: port.Kind) {
    return this.#change((tables) => {
      tables.beginGeneration();
      return tables.remove([...tables.rows()].filter(({ key }) => (kind ?? key.kind) === key.kind));
    });
  }

  async *entries({ kind, group, after, order = 'id', signal }: port.ListOptions = {}) {
    const tables = this.#tables.refresh();
    const byAccess = order === 'lastAccess';
    for (const row of byAccess ? tables.rowsByAccess(positionOf(after), group) : tables.rows(after, group)) {
      signal?.throwIfAborted();
      if ((kind ?? row.key.kind) === row.key.kind) yield await Promise.resolve(listed(row, byAccess));
    }
  }

  /** Bodies are left that no entry has where a process died while it wrote. */
  async maintain(step: port.StoreStep, { stall, dryRun = false, signal }: port.MaintainOptions) {
    const begin = this.context.clock.now();
    const abandoned = step === 'abandoned' ? await this.#look(({ bodies }) => bodies.abandoned(begin - stall)) : [];
    let removed = 0;
    for (const id of abandoned) {
      if (signal?.aborted === true) break;
      if (!dryRun) {
        await this.#change(({ bodies }) => {
          bodies.discard(id);
        });
      }
      removed += 1;
    }
    const duration = this.context.clock.now() - begin;
    return { step, examined: abandoned.length, removed, bytes: 0, failed: 0, duration };
  }

  #publish(tables: Tables, row: Row): void {
    tables.put(row);
    for (const oldest of tables.rowsByAccess()) {
      if (tables.usage().bytes <= this.options.maxBytes) break;
      tables.remove([oldest]);
    }
  }

  get #tables(): Tables {
    if (this.#opened === undefined) throw new ImageCacheError('E_IMAGE_CACHE_CLOSED', 'The store is not open.');
    return this.#opened;
  }

  /** Reads without waiting in between, so that all is of one snapshot. What throws, rejects. */
  #look<T>(act: (tables: Tables) => T): Promise<T> {
    return new Promise((resolve) => {
      resolve(act(this.#tables.refresh()));
    });
  }

  async #change<T>(act: (tables: Tables) => T): Promise<T> {
    const tables = this.#tables;
    return await tables.change(() => act(tables));
  }
}

function listed({ key, meta, lastAccess, hits }: Row, byAccess = false): port.ListedEntry {
  return { key, meta, lastAccess, hits, cursor: byAccess ? `${lastAccess} ${nameOf(key)}` : nameOf(key) };
}

function positionOf(cursor = '0 '): [number, string] {
  const [lastAccess, name = ''] = cursor.split(' ');
  return [Number(lastAccess), name];
}
