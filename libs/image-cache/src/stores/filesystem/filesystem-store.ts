import { access, constants, realpath } from 'node:fs/promises';
import { ImageCacheError, messageOf, toError } from '../../common/errors.js';
import { Generations } from '../../common/generations.js';
import { keyString } from '../../keys/entry-keys.js';
import type {
  CacheStore,
  ClearOptions,
  ListOptions,
  MaintainOptions,
  ReadOptions,
  Reservation,
  StepReport,
  StoreContext,
  StoreFactory,
  StoreFeatures,
  StoreStep,
} from '../../ports/cache-store.js';
import type { OpenedEntry } from '../../ports/opened-entry.js';
import type {
  EntryKey,
  Evicted,
  Generation,
  Kind,
  ListedEntry,
  NotModified,
  StoredEntry,
  Touch,
  Usage,
} from '../../ports/entry.js';
import type { Leases } from '../../ports/lease.js';
import { EntryReader } from './files/entry-reader.js';
import { EvictionLog } from './eviction/eviction-log.js';
import { evictionFile } from './eviction/eviction-file.js';
import { Evictor } from './eviction/evictor.js';
import { touchFile, type FileState } from './files/file-access.js';
import { FileReservation } from './files/file-reservation.js';
import {
  resolveFilesystemOptions,
  type FilesystemStoreOptions,
  type ResolvedFilesystemOptions,
} from './filesystem-options.js';
import { Layout } from './files/layout.js';
import { isLocalFilesystem } from './files/local-filesystem.js';
import { claimRoot } from './files/marker.js';
import { FileLeases } from './leases/file-leases.js';
import { requireUsable } from './files/usable.js';
import { Quarantine } from './eviction/quarantine.js';
import { Trash } from './eviction/trash.js';
import { spaceNews } from './upkeep/space-news.js';
import { STORE_STEPS, Upkeep } from './upkeep/upkeep.js';
import { boundsOf, isBounded } from './space/bounds.js';
import { openSpace } from './space/open-space.js';
import type { Space } from './space/space.js';
import { countListed, isIncomplete, keysByAccess, keysByPath, KINDS } from './listing.js';

/**
 * Keeps entries in files, for variants, infos and originals alike. Several processes may use the same directory.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when an option is wrong
 */
export function filesystemStore(options: FilesystemStoreOptions): StoreFactory {
  const resolved = resolveFilesystemOptions(options);
  return (context) => new FilesystemStore(resolved, context);
}

/** What is there once the root has been opened. */
interface Opened {
  readonly layout: Layout;
  readonly reader: EntryReader;
  readonly evictor: Evictor;
  readonly upkeep: Upkeep;
  readonly space: Space;
  readonly leases: FileLeases;
}

class FilesystemStore implements CacheStore {
  readonly name = 'FilesystemCache';
  readonly bus: EvictionLog;
  readonly leases: Leases = { take: async (subject) => this.#parts.leases.take(subject) };
  readonly #options: ResolvedFilesystemOptions;
  readonly #context: StoreContext;
  readonly #generations = new Generations();
  #opened: Opened | undefined;

  constructor(options: ResolvedFilesystemOptions, context: StoreContext) {
    this.#options = options;
    this.#context = context;
    this.bus = new EvictionLog({ ...context, generations: this.#generations });
  }

  get features(): StoreFeatures {
    const hasIndex = this.#opened?.space.index !== undefined;
    return {
      shared: true,
      persistent: true,
      bounded: hasIndex && isBounded(this.#options.bounds),
      hits: hasIndex,
      enumerable: true,
      orderedByAccess: hasIndex,
      steps: STORE_STEPS,
      bounds: boundsOf(this.#options.bounds),
    };
  }

  async open(): Promise<void> {
    const { directory, geometry, bounds, index } = this.#options;
    const { clock, maxBufferedEntry, report, pruned } = this.#context;
    await claimRoot(new Layout(directory, geometry));
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    const layout = new Layout(await realpath(directory), geometry);
    const quarantine = new Quarantine(layout);
    const onDamaged = (key: EntryKey, seen: FileState): Promise<void> => this.#setAside(key, quarantine, seen);
    const trash = new Trash(layout.trash, (path, cause) => {
      report({ kind: 'leftover', message: `${path} could not be removed: ${messageOf(cause)}`, cause });
    });
    const local = await isLocalFilesystem(layout.root);
    await this.bus.open(evictionFile({ layout, trash, local }));
    const reader = new EntryReader({ layout, maxBufferedEntry, local, onDamaged });
    const bodySize = async (key: EntryKey): Promise<number | undefined> => (await reader.describe(key))?.meta.size;
    const leases = await FileLeases.open({ layout, clock });
    const space = await openSpace({ layout, trash, leases, bounds, index, local, clock, report, pruned, bodySize });
    this.#opened = {
      layout,
      reader,
      space,
      evictor: new Evictor({ layout, trash, quarantine, generations: this.#generations, space, bus: this.bus }),
      upkeep: new Upkeep({ layout, trash, clock, report, bounds, ...spaceNews(space, layout) }),
      leases,
    };
  }

  async read(key: EntryKey, options: ReadOptions = {}): Promise<StoredEntry | NotModified | undefined> {
    return this.#parts.reader.read(key, options);
  }

  openFile = async (key: EntryKey): Promise<OpenedEntry | undefined> => this.#parts.reader.openFile(key);

  async generation(group: string): Promise<Generation> {
    await this.bus.poll();
    return this.#generations.of(group);
  }

  async reserve(key: EntryKey): Promise<Reservation> {
    const { layout, space } = this.#parts;
    const { durable } = this.#options;
    const generation = await this.generation(key.group);
    return FileReservation.take({ layout, key, generation, durable, space });
  }

  /** What cannot be touched does not keep the rest from being touched. */
  async touch(touches: readonly Touch[]): Promise<void> {
    const { layout } = this.#parts;
    let failure: Error | undefined;
    for (const { key, at } of touches) {
      await touchFile(layout.file(key), at).catch((error: unknown) => {
        failure ??= toError(error);
      });
    }
    this.#parts.space.touched(touches);
    if (failure !== undefined) throw failure;
  }

  async stat(key: EntryKey): Promise<ListedEntry | undefined> {
    const { reader, space } = this.#parts;
    const found = await reader.describe(key);
    const hits = found && space.index?.get(key)?.hits;
    return (
      found && {
        key,
        meta: found.meta,
        lastAccess: found.mtimeMs,
        cursor: keyString(key),
        ...(hits !== undefined && { hits }),
      }
    );
  }

  delete(key: EntryKey): Promise<Evicted> {
    return this.#parts.evictor.entry(key);
  }

  async deleteGroup(group: string, options: { readonly ifGeneration?: Generation } = {}): Promise<Evicted> {
    if (options.ifGeneration !== undefined) await this.bus.poll();
    return this.#parts.evictor.image(group, options.ifGeneration);
  }

  clear(kind?: Kind, { signal }: ClearOptions = {}): Promise<Evicted> {
    return this.#parts.evictor.everything(kind === undefined ? KINDS : [kind], signal);
  }

  async *entries(options: ListOptions = {}): AsyncGenerator<ListedEntry> {
    const { layout, space } = this.#parts;
    const keys = options.order === 'lastAccess' ? keysByAccess(space.index, options) : keysByPath(layout, options);
    for await (const { key, cursor } of keys) {
      const entry = await this.stat(key);
      if (entry !== undefined) yield { ...entry, cursor };
    }
  }

  get isIndexing(): boolean {
    return isIncomplete(this.#opened?.space.index);
  }

  async usage(kind?: Kind): Promise<Usage> {
    const { index } = this.#parts.space;
    return index?.isComplete === true ? index.usage(kind) : countListed(this.entries(kind && { kind }));
  }

  images: NonNullable<CacheStore['images']> = (options) => this.#parts.upkeep.images(options);

  maintain(step: StoreStep, options: MaintainOptions): Promise<StepReport> {
    return this.#parts.upkeep.run(step, options);
  }

  ping(): Promise<void> {
    return requireUsable(this.#parts.layout);
  }

  async close(): Promise<void> {
    await this.#opened?.upkeep.close();
    await this.#opened?.evictor.close();
    await this.#opened?.space.close();
    await this.#opened?.leases.close();
    await this.bus.close();
  }

  get #parts(): Opened {
    if (this.#opened !== undefined) return this.#opened;
    throw new ImageCacheError('E_IMAGE_CACHE_CLOSED', `${this.name} has not been opened.`);
  }

  async #setAside(key: EntryKey, quarantine: Quarantine, seen: FileState): Promise<void> {
    const { report } = this.#context;
    const { layout, space } = this.#parts;
    const path = layout.file(key);
    try {
      const aside = await quarantine.take(key, seen);
      if (aside === undefined) return;
      space.discarded({ key }, layout.relative(aside.path));
      for (const removed of aside.removed) space.emptied(layout.relative(removed));
      report({ kind: 'quarantined', message: `${path} was damaged and has been set aside.` });
    } catch (cause) {
      const message = `${path} is damaged and could not be set aside: ${messageOf(cause)}`;
      report({ kind: 'unreadable', message, cause });
    }
  }
}
