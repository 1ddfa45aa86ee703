import { setImmediate } from 'node:timers/promises';
import { ImageCacheError, messageOf } from '../../../common/errors.js';
import type { StoreIncident } from '../../../ports/cache-store.js';
import type { EntryKey, Touch } from '../../../ports/entry.js';
import type { FoundFile } from '../files/walk.js';
import { EntryIndex } from '../index/entry-index.js';
import type { FileRecords } from '../index/file-records.js';
import type { IndexTables } from '../index/index-tables.js';
import { SpaceLedger, type Write } from '../index/space-ledger.js';
import type { ProcessRun } from '../upkeep/process-run.js';
import type { BackgroundWork } from './background-work.js';
import { fullIncident, type Bounds } from './bounds.js';
import type { IndexRepair } from './index-repair.js';
import type { Room } from './room.js';
import type { Claim, Discarded, Space, SpaceSteps } from './space.js';

/** Entries that are taken out of the index before others have a turn. */
const BATCH = 50;

/** What an {@link IndexedSpace} depends on. */
export interface IndexedSpaceOptions {
  /** The tables, which may be others after somebody has taken the root away. */
  readonly tables: () => IndexTables;
  readonly room: Room;
  readonly repair: IndexRepair;
  readonly bounds: Bounds;
  readonly report: (incident: StoreIncident) => void;
  readonly records: FileRecords;
  /** Names this store and its process. */
  readonly owner: string;
  /** Runs what nobody waits for. */
  readonly background: BackgroundWork;
  /** Opens the tables again where somebody has taken them away, or they are damaged; tells whether it was so. */
  readonly refresh: () => boolean;
  /** Told of errors, which may come from damaged tables. */
  readonly suspect: (error: unknown) => void;
  /** Writes down how much the cache takes, for an index that comes after this one. */
  readonly keepUsage: () => void;
  readonly close: () => Promise<void>;
}

/**
 * Accounts by the index, which all processes share: space is set apart before it is written, and counts until its files
 * are gone, so that the bounds hold at any moment.
 */
export class IndexedSpace implements Space {
  readonly #options: IndexedSpaceOptions;
  /** Takes entries out whose files have been removed. */
  #removals: Promise<void> = Promise.resolve();
  /** The write of this process that may become as large as it turns out. */
  #openEnded: string | undefined;

  constructor(options: IndexedSpaceOptions) {
    this.#options = options;
  }

  /** Takes in what others have left behind and, if that has not been done, what is in the files. */
  start(): void {
    this.#tell('starting', () => {
      this.#ledger.enter(this.#options.owner);
    });
    this.#options.repair.recoverSoon();
    this.#options.room.makeAhead();
  }

  get index(): EntryIndex {
    return new EntryIndex(this.#options.tables());
  }

  get steps(): SpaceSteps {
    const { room } = this.#options;
    return {
      bounds: (run) => this.#step(() => room.keep(run)),
      reconcile: (run, files) => this.#step(() => this.#reconcile(run, files)),
    };
  }

  async prepare(): Promise<void> {
    if (await this.#options.room.admitDirectories()) return;
    this.#options.repair.recoverSoon();
    throw new ImageCacheError('E_IMAGE_CACHE_STORE_FULL', 'There are too few inodes for another entry.');
  }

  ranOut(cause: unknown): void {
    this.#options.room.ranOut(0);
    this.#options.report(fullIncident(cause));
  }

  claim(key: EntryKey, name: string): Claim {
    const { keepUsage, owner, records, room, suspect } = this.#options;
    this.#refresh();
    let reached = 0;
    this.#openEnded ??= name;
    const isOpenEnded = this.#openEnded === name;
    // Its file grows before any space is set apart: whoever finds this process dead has to know of it.
    if (isOpenEnded)
      this.#tell('beginning a write', () => {
        this.#ledger.claim({ name, key, bytes: 0, owner }, () => true);
      });
    return {
      isOpenEnded,
      reach: async (bytes) => {
        if (bytes <= reached) return;
        await this.#claim({ name, key, bytes: records.ofWrite(bytes), owner }, bytes).catch((error: unknown) => {
          suspect(error);
          throw error;
        });
        reached = bytes;
      },
      ranOut: () => {
        room.ranOut(reached);
      },
      publish: (entry) => {
        this.#tell('publishing', () => {
          records.published(key, name, entry);
          keepUsage();
        });
      },
      end: () => {
        if (this.#openEnded === name) this.#openEnded = undefined;
        this.#tell('ending a write', () => {
          this.#ledger.end(name);
        });
      },
    };
  }

  touched(touches: readonly Touch[]): void {
    this.#tell('writing access times', () => {
      this.index.touch(touches);
    });
  }

  discarded(what: Discarded, path: string): void {
    this.#tell('discarding', () => {
      this.#options.records.discarded(what, path);
    });
    if (!('key' in what) && !('group' in what)) this.#options.repair.reconcileSoon();
  }

  removed(keys: readonly EntryKey[]): void {
    this.#options.background.run('taking entries out of the index', () => {
      this.#removals = this.#removals.catch(() => undefined).then(() => this.#takeOut(keys));
      return this.#removals;
    });
  }

  emptied(path: string): void {
    this.#tell('giving space back', () => {
      this.#ledger.emptied(path);
      this.#options.keepUsage();
    });
  }

  async close(): Promise<void> {
    const { background, close, owner } = this.#options;
    await background.close();
    this.#tell('closing', () => {
      this.#ledger.leave(owner);
    });
    await close();
  }

  get #ledger(): SpaceLedger {
    return new SpaceLedger(this.#options.tables());
  }

  /** What the index does not learn makes it count too much, which it will find out; it is no reason to fail. */
  #tell(what: string, change: () => void): void {
    try {
      change();
    } catch (cause) {
      this.#options.suspect(cause);
      const message = `The index does not know of something, ${what}: ${messageOf(cause)}`;
      this.#options.report({ kind: 'unindexed', message, cause });
    }
  }

  async #takeOut(keys: readonly EntryKey[]): Promise<void> {
    for (let start = 0; start < keys.length; start += BATCH) {
      this.#options.records.removed(keys.slice(start, start + BATCH));
      await setImmediate();
    }
  }

  #refresh(): void {
    if (this.#options.refresh()) this.start();
  }

  async #claim(write: Write, length: number): Promise<void> {
    const { bounds, repair, room } = this.#options;
    if (length > bounds.maxEntrySize) {
      throw new ImageCacheError('E_IMAGE_CACHE_TOO_LARGE', `${length} bytes are more than an entry may have.`);
    }
    if (await room.admit(write)) return;
    // What others have left behind may be what takes the space.
    repair.recoverSoon();
    throw new ImageCacheError('E_IMAGE_CACHE_STORE_FULL', `There is no room for ${write.bytes} bytes.`);
  }

  async #step(step: () => Promise<void>): Promise<void> {
    this.#refresh();
    try {
      await step();
    } catch (error) {
      this.#options.suspect(error);
      throw error;
    }
  }

  /** What other steps have removed is told already, and not to be found missing. */
  async #reconcile(run: ProcessRun, files: AsyncIterable<readonly FoundFile[]>): Promise<void> {
    await this.#removals.catch(() => undefined);
    await this.#options.repair.run(run, files);
  }
}
