import type { Database, RootDatabase } from 'lmdb';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind } from '../../../ports/entry.js';
import type { DirectorySpace } from './directory-space.js';
import { decodeRecord, encodePosition, encodeRecord, type IndexRecord } from './index-codec.js';
import { IndexGate } from './index-gate.js';
import { makeLockFile } from './lock-file.js';
import type { Lmdb } from './lmdb.js';
import { NOTHING, withEntry, type Totals, type Used } from './totals.js';

/** The locks of the gate and of the tables. */
const LOCKS = ['gate.mdb-lock', 'lock.mdb'];

const EMPTY = Buffer.alloc(0);

type Binary = Database<Buffer, Buffer>;

/** The names of what the ledger holds beside the totals. */
export type LedgerKey = 'totals' | 'doubts' | 'complete' | readonly ['user' | 'write' | 'discarded', string];

/** A write that is under way, as the ledger holds it. */
export interface LedgerWrite {
  readonly kind: Kind;
  /** Encoded as in the table of its kind. */
  readonly key: Buffer;
  /** Bytes set apart for it. */
  readonly bytes: number;
  /** Who writes. */
  readonly owner: string;
}

/** What {@link IndexTables} depend on. */
export interface IndexTablesOptions {
  readonly directories: DirectorySpace;
  /** Throws when the disk has too little room for new tables. */
  readonly requireRoom?: () => void;
}

interface Opening extends IndexTablesOptions {
  readonly environment: RootDatabase;
  readonly gate: IndexGate;
  readonly directory: string;
}

/**
 * The tables of the index in an LMDB environment: entries and their order of last access by kind, and a ledger with
 * their totals. All changes are made in transactions, so that the totals are those of the entries whenever a process
 * dies. They are synchronous and short: an asynchronous one holds the lock of all processes while it waits for this one.
 */
export class IndexTables {
  readonly entries: Readonly<Record<Kind, Binary>>;
  readonly order: Readonly<Record<Kind, Binary>>;
  readonly ledger: Database<unknown, LedgerKey & (string | string[])>;
  readonly #environment: RootDatabase;
  readonly #gate: IndexGate;
  readonly #directories: DirectorySpace;
  readonly #file: string;
  readonly #inode: number;
  #isChanging = false;

  private constructor({ environment, gate, directory, directories }: Opening) {
    this.#environment = environment;
    this.#gate = gate;
    this.#directories = directories;
    this.#file = join(directory, 'data.mdb');
    const tables = (name: string): Record<Kind, Binary> => ({
      info: openBinary(environment, `${name} info`),
      variant: openBinary(environment, `${name} variant`),
      source: openBinary(environment, `${name} source`),
    });
    this.entries = tables('entries');
    this.order = tables('order');
    this.ledger = environment.openDB({ name: 'ledger' });
    this.#inode = statSync(this.#file).ino;
  }

  /** Opens the tables in a directory of their own, or makes them. */
  static open(lmdb: Lmdb, directory: string, options: IndexTablesOptions): IndexTables {
    mkdirSync(directory, { recursive: true });
    for (const file of LOCKS.map((name) => join(directory, name))) {
      if (existsSync(file)) continue;
      options.requireRoom?.();
      makeLockFile(file);
    }
    const gate = IndexGate.open(lmdb, join(directory, 'gate.mdb'));
    // Not flushed: what a power cut leaves of it is not used by the next run of the machine.
    const environment = { maxDbs: 8, noSync: true, overlappingSync: false };
    try {
      return gate.pass(
        () => new IndexTables({ ...options, environment: lmdb.open(directory, environment), gate, directory }),
      );
    } catch (error) {
      void gate.close();
      throw error;
    }
  }

  /** Makes changes of which all or none are kept; within another transaction they are part of that. */
  transaction<T>(change: () => T): T {
    if (this.#isChanging) return change();
    this.#isChanging = true;
    try {
      return this.#gate.pass(() => this.#environment.transactionSync(change));
    } finally {
      this.#isChanging = false;
    }
  }

  /** Whether the file is still where it was opened; another process may have made another one. */
  get isInPlace(): boolean {
    try {
      return statSync(this.#file).ino === this.#inode;
    } catch {
      return false;
    }
  }

  /** How often there was reason to doubt that the index agrees with the files. */
  get doubts(): number {
    return (this.ledger.get('doubts') as number | undefined) ?? 0;
  }

  /** Says that something may have been changed that the index was not told of; may be part of a transaction. */
  doubt(): void {
    this.transaction(() => {
      this.ledger.putSync('doubts', this.doubts + 1);
    });
  }

  /** Whether all that is in the files has been taken in since the index was made, and since it was doubted last. */
  get isComplete(): boolean {
    return this.ledger.get('complete') === this.doubts;
  }

  /** Says that all that is in the files has been taken in since there were so many doubts. */
  setComplete(doubts: number): void {
    this.transaction(() => {
      const known = (this.ledger.get('complete') as number | undefined) ?? 0;
      this.ledger.putSync('complete', Math.max(doubts, known));
      this.setTotals({ ...this.totals(), unknown: NOTHING.unknown });
    });
  }

  /** Says how much there is in the files, of which an index that is new knows nothing. */
  expect(unknown: Used): void {
    this.transaction(() => {
      if (this.ledger.get('totals') === undefined) this.setTotals({ ...NOTHING, unknown });
    });
  }

  totals(): Totals {
    return (this.ledger.get('totals') as Totals | undefined) ?? NOTHING;
  }

  /** Within a transaction. */
  setTotals(totals: Totals): void {
    this.ledger.putSync('totals', totals);
  }

  record(kind: Kind, key: Buffer): IndexRecord | undefined {
    const bytes = this.entries[kind].get(key);
    return bytes && decodeRecord(bytes);
  }

  /** Puts an entry in place of the one that is there; within a transaction. */
  put(kind: Kind, key: Buffer, record: IndexRecord): void {
    const before = this.record(kind, key);
    if (before !== undefined) this.order[kind].removeSync(encodePosition(before.at, key));
    this.entries[kind].putSync(key, encodeRecord(record));
    this.order[kind].putSync(encodePosition(record.at, key), EMPTY);
    if (before === undefined) this.setTotals(withEntry(this.totals(), kind, this.#withDirectories(kind, key, record)));
    else this.setTotals(withEntry(withEntry(this.totals(), kind, before, -1), kind, record));
  }

  /** Takes an entry out and returns the bytes that it and its directories had on the disk; within a transaction. */
  take(kind: Kind, key: Buffer): number {
    const record = this.record(kind, key);
    if (record === undefined) return 0;
    this.entries[kind].removeSync(key);
    this.order[kind].removeSync(encodePosition(record.at, key));
    const gone = this.#withDirectories(kind, key, record);
    this.setTotals(withEntry(this.totals(), kind, gone, -1));
    return gone.stored;
  }

  /** Gives an entry another last access; within a transaction. */
  move(kind: Kind, key: Buffer, before: IndexRecord, after: IndexRecord): void {
    this.entries[kind].putSync(key, encodeRecord(after));
    if (before.at === after.at) return;
    this.order[kind].removeSync(encodePosition(before.at, key));
    this.order[kind].putSync(encodePosition(after.at, key), EMPTY);
  }

  /** Takes all entries of a kind out and returns the bytes that they had on the disk; within a transaction. */
  clear(kind: Kind): number {
    this.entries[kind].clearSync();
    this.order[kind].clearSync();
    const totals = this.totals();
    this.setTotals({ ...totals, kinds: { ...totals.kinds, [kind]: NOTHING.kinds[kind] } });
    return totals.kinds[kind].stored;
  }

  /** An entry with the directories that are made with it, and go with it. */
  #withDirectories(kind: Kind, key: Buffer, record: IndexRecord): IndexRecord {
    return { ...record, stored: record.stored + this.directoriesOf(kind, key) };
  }

  /** Bytes of the directories that go with an entry, when others have gone before. */
  directoriesOf(kind: Kind, key: Buffer, isGone?: (key: Buffer) => boolean): number {
    return this.#directories.ofEntry(kind, key, { keys: this.entries[kind], isGone });
  }

  async close(): Promise<void> {
    await this.#environment.close();
    await this.#gate.close();
  }
}

function openBinary(environment: RootDatabase, name: string): Binary {
  return environment.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' });
}
