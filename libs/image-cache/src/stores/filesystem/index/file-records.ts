import { lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { EntryKey } from '../../../ports/entry.js';
import { isAbsence, stateOf } from '../files/file-access.js';
import type { Layout } from '../files/layout.js';
import type { Discarded, Published } from '../space/space.js';
import { localDisk } from '../upkeep/disk.js';
import { probe } from '../upkeep/entry-probe.js';
import type { DirectorySpace } from './directory-space.js';
import { EntryIndex } from './entry-index.js';
import { isIndexable } from './index-codec.js';
import type { IndexTables } from './index-tables.js';
import { SpaceLedger } from './space-ledger.js';
import { bytesUsed } from './totals.js';

/** Changes in one transaction: it holds up the other processes. */
const BATCH = 50;

/** How records are looked into. */
export interface RecordOptions {
  /** Only tells what would be done. @default false */
  readonly dryRun?: boolean;
}

/** What {@link FileRecords} depend on. */
export interface FileRecordsOptions {
  readonly layout: Layout;
  readonly tables: () => IndexTables;
  /** Length of an entry's body; `undefined` when there is none that is whole. What is damaged is set aside. */
  readonly bodySize: (key: EntryKey) => Promise<number | undefined>;
  /** Bytes in which the file system hands out space. */
  readonly block: number;
  readonly directories: DirectorySpace;
}

/**
 * Writes down in the index what has become of files. Who publishes an entry, and who takes it away, tells of it when it
 * is done, so that one may be told of before the other although it came after it. So a file is looked at in the
 * transaction that tells of it: transactions come one after the other, and the last one finds the file as it stays.
 */
export class FileRecords {
  readonly #options: FileRecordsOptions;

  constructor(options: FileRecordsOptions) {
    this.#options = options;
  }

  /** The write of this name has made this file an entry. */
  published(key: EntryKey, name: string, entry: Published): void {
    const { at, size, fileSize, inode } = entry;
    this.#transaction((index, ledger) => {
      const found = this.#look(key);
      // Who has replaced it tells of it.
      if (found?.ino === inode) index.put({ key, at: Math.round(at), hits: 0, size, stored: this.onDisk(fileSize) });
      else if (found === undefined) index.take(key);
      ledger.end(name);
    });
  }

  /** Entries have been moved to a path below the root, where they take space until they are given back. */
  discarded(what: Discarded, path: string): void {
    if ('key' in what) this.#discardedEntry(what.key, path);
    else if ('group' in what) this.#discardedKeys(this.#index.keysOf(what.kind, what.group), path);
    else {
      const { layout, tables } = this.#options;
      this.#transaction((index, ledger) => {
        const bytes = index.takeAll(what.kind);
        if (bytes > 0) ledger.discard(path, bytes);
        // There are new ones already, which may have been told of.
        if (find(layout.tree(what.kind)) !== undefined) tables().doubt();
      });
    }
  }

  /** The files of entries have been removed. */
  removed(keys: readonly EntryKey[]): void {
    this.#transaction((index) => {
      for (const key of keys) if (this.#look(key) === undefined) index.take(key);
    });
  }

  /** Takes an entry in as its file is; tells whether the index did not know it so. */
  async adopt(key: EntryKey, { dryRun = false }: RecordOptions = {}): Promise<boolean> {
    const { layout, bodySize } = this.#options;
    const file = isIndexable(key) ? await stateOf(layout.file(key)) : undefined;
    const size = file && (dryRun ? probe(localDisk, layout.file(key), key)?.meta?.size : await bodySize(key));
    if (file === undefined || size === undefined) return false;
    return this.#transaction((index, ledger) => {
      if (this.#look(key)?.ino !== file.inode) return false;
      const known = index.get(key);
      const at = Math.max(file.mtimeMs, known?.at ?? 0);
      const record = { at, hits: known?.hits ?? 0, size, stored: this.onDisk(file.size) };
      if (known?.at === at && known.size === size && known.stored === record.stored) return false;
      if (dryRun) return true;
      const before = bytesUsed(ledger.totals());
      index.put({ key, ...record });
      if (known === undefined) ledger.found(bytesUsed(ledger.totals()) - before);
      return true;
    });
  }

  /** Takes an entry out that has no file; tells whether it has. */
  drop(key: EntryKey, { dryRun = false }: RecordOptions = {}): boolean {
    return this.#transaction((index) => {
      if (this.#look(key) !== undefined || index.get(key) === undefined) return false;
      if (!dryRun) index.take(key);
      return true;
    });
  }

  /** What a file of this length takes on the disk; bytes. */
  onDisk(bytes: number): number {
    const { block } = this.#options;
    return Math.ceil(bytes / block) * block;
  }

  /** What a write takes on the disk whose file has this length, with its directories and those of the entry; bytes. */
  ofWrite(bytes: number): number {
    return this.onDisk(bytes) + this.#options.directories.ofWrite;
  }

  #discardedEntry(key: EntryKey, path: string): void {
    const { layout } = this.#options;
    this.#transaction((index, ledger) => {
      const replaced = this.#look(key) !== undefined;
      if (!replaced) index.take(key);
      const bytes = this.onDisk(find(join(layout.root, path))?.size ?? 0);
      if (bytes > 0) ledger.discard(path, bytes);
    });
  }

  #discardedKeys(keys: readonly EntryKey[], path: string): void {
    for (let start = 0; start < keys.length; start += BATCH) {
      this.#transaction((index, ledger) => {
        const gone = keys.slice(start, start + BATCH).filter((key) => this.#look(key) === undefined);
        const bytes = gone.reduce((sum, key) => sum + index.take(key), 0);
        if (bytes > 0) ledger.discard(path, bytes);
      });
    }
  }

  get #index(): EntryIndex {
    return new EntryIndex(this.#options.tables());
  }

  #transaction<T>(change: (index: EntryIndex, ledger: SpaceLedger) => T): T {
    const tables = this.#options.tables();
    return tables.transaction(() => change(new EntryIndex(tables), new SpaceLedger(tables)));
  }

  /** A directory or a link in its place is no entry. */
  #look(key: EntryKey): Stats | undefined {
    const found = find(this.#options.layout.file(key));
    return found?.isFile() === true ? found : undefined;
  }
}

function find(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
