import { keyString } from '../../../keys/entry-keys.js';
import type { EntryKey, Kind, Touch, Usage } from '../../../ports/entry.js';
import {
  decodeKey,
  decodePosition,
  decodeRecord,
  encodeKey,
  encodePosition,
  endOf,
  firstOf,
  type IndexRecord,
} from './index-codec.js';
import type { IndexTables } from './index-tables.js';

const KINDS: readonly Kind[] = ['info', 'source', 'variant'];

/** Changes in one transaction: it holds up the other processes. */
const BATCH = 50;

/** Entries that a listing reads at a time: a read that stays open keeps the space of what is changed meanwhile. */
const PAGE = 200;

/** An entry of the index. */
export interface IndexedEntry extends IndexRecord {
  readonly key: EntryKey;
}

/**
 * The entries of all kinds with their last access, shared by all processes, so that the least recently used are found
 * without looking at files. It only accelerates: where it disagrees with the files, the files are right.
 */
export class EntryIndex {
  readonly #tables: IndexTables;

  constructor(tables: IndexTables) {
    this.#tables = tables;
  }

  /** Whether all that is in the files has been taken in. */
  get isComplete(): boolean {
    return this.#tables.isComplete;
  }

  /** Entries and the bytes of their bodies. */
  usage(kind?: Kind): Usage {
    const totals = this.#tables.totals().kinds;
    const counted = kind === undefined ? Object.values(totals) : [totals[kind]];
    const sum = (field: 'entries' | 'size'): number => counted.reduce((all, each) => all + each[field], 0);
    return { entries: sum('entries'), bytes: sum('size') };
  }

  get(key: EntryKey): IndexRecord | undefined {
    const bytes = encodeKey(key);
    return bytes && this.#tables.record(key.kind, bytes);
  }

  /** Takes an entry in, in place of what it replaces; may be part of a transaction. */
  put({ key, ...record }: IndexedEntry): void {
    const bytes = encodeKey(key);
    if (bytes === undefined) return;
    this.#tables.transaction(() => {
      this.#tables.put(key.kind, bytes, record);
    });
  }

  /** Records accesses: the later time wins, hits are added, what is absent is ignored. */
  touch(touches: readonly Touch[]): void {
    this.#inBatches(touches, ({ key, at, hits }) => {
      const bytes = encodeKey(key);
      const record = bytes && this.#tables.record(key.kind, bytes);
      if (bytes === undefined || record === undefined) return;
      const after = { ...record, at: Math.max(record.at, Math.round(at)), hits: record.hits + hits };
      this.#tables.move(key.kind, bytes, record, after);
    });
  }

  /** Those that nobody has asked for for the longest time. */
  oldest(count: number): IndexedEntry[] {
    const oldest = KINDS.flatMap((kind) => this.#pageByAccess(kind, { count }));
    return oldest.sort(compareAccess).slice(0, count);
  }

  /** Takes those out that are still as they were. */
  remove(entries: readonly IndexedEntry[]): void {
    this.#inBatches(entries, ({ key, at, stored }) => {
      const bytes = encodeKey(key);
      const record = bytes && this.#tables.record(key.kind, bytes);
      if (bytes !== undefined && record?.at === at && record.stored === stored) this.#tables.take(key.kind, bytes);
    });
  }

  /** Takes an entry out; returns the bytes that it and its directories had on the disk. May be part of a transaction. */
  take(key: EntryKey): number {
    const bytes = encodeKey(key);
    if (bytes === undefined) return 0;
    return this.#tables.transaction(() => this.#tables.take(key.kind, bytes));
  }

  /** Tells of one entry after the other what it frees when it goes, with its directories; bytes. */
  leaving(): (entry: IndexedEntry) => number {
    const gone = new Set<string>();
    return ({ key, stored }) => {
      const bytes = encodeKey(key);
      if (bytes === undefined) return stored;
      const isGone = (other: Buffer): boolean => gone.has(keyString(decodeKey(key.kind, Buffer.from(other))));
      gone.add(keyString(key));
      return stored + this.#tables.directoriesOf(key.kind, bytes, isGone);
    };
  }

  /** The keys of an image's entries of a kind. */
  keysOf(kind: Kind, group: string): EntryKey[] {
    if (firstOf(group).byteLength === 0) return [];
    const keys = this.#tables.entries[kind].getKeys({ start: firstOf(group), end: endOf(group) });
    return [...keys].map((key) => decodeKey(kind, Buffer.from(key)));
  }

  /** Takes all entries of a kind out; returns the bytes that they had on the disk. May be part of a transaction. */
  takeAll(kind: Kind): number {
    return this.#tables.transaction(() => this.#tables.clear(kind));
  }

  /** Entries of a kind in the order of their keys, behind one. */
  *byKey(kind: Kind, after?: EntryKey): Generator<IndexedEntry> {
    let start = after && encodeKey(after);
    for (let page = this.#pageByKey(kind, start); page.length > 0; page = this.#pageByKey(kind, start)) {
      for (const { key, value } of page) yield { key: decodeKey(kind, key), ...decodeRecord(value) };
      start = page.at(-1)?.key;
    }
  }

  /** Entries of all kinds, the least recently used first, behind one. */
  *byAccess(kinds: readonly Kind[] = KINDS, after?: IndexedPosition): Generator<IndexedEntry> {
    let position = after;
    for (;;) {
      const start = position;
      const pages = kinds.flatMap((kind) => this.#pageByAccess(kind, { count: PAGE, after: start }));
      const page = pages.sort(compareAccess).slice(0, PAGE);
      yield* page;
      position = page.at(-1);
      if (position === undefined) return;
    }
  }

  /** An image's entries of all kinds, the least recently used first, behind one. */
  ofImage(group: string, kinds: readonly Kind[] = KINDS, after?: IndexedPosition): IndexedEntry[] {
    const entries = kinds.flatMap((kind) => this.keysOf(kind, group)).map((key) => ({ key, record: this.get(key) }));
    const found = entries.flatMap(({ key, record }) => (record === undefined ? [] : [{ key, ...record }]));
    return found.filter((entry) => after === undefined || compareAccess(after, entry) < 0).sort(compareAccess);
  }

  #pageByKey(kind: Kind, after: Buffer | undefined): { readonly key: Buffer; readonly value: Buffer }[] {
    const range = { limit: PAGE, ...(after && { start: after, exclusiveStart: true }) };
    return [...this.#tables.entries[kind].getRange(range)].map(({ key, value }) => ({
      key: Buffer.from(key),
      value: Buffer.from(value),
    }));
  }

  #pageByAccess(kind: Kind, { count, after }: { count: number; after?: IndexedPosition | undefined }): IndexedEntry[] {
    const start = after && startBehind(kind, after);
    const range = { limit: count, ...(start && { start, exclusiveStart: true }) };
    return [...this.#tables.order[kind].getKeys(range)].flatMap((position) => {
      const { key } = decodePosition(Buffer.from(position));
      const record = this.#tables.record(kind, key);
      return record === undefined ? [] : [{ key: decodeKey(kind, key), ...record }];
    });
  }

  #inBatches<T>(all: readonly T[], change: (one: T) => void): void {
    for (let start = 0; start < all.length; start += BATCH) {
      this.#tables.transaction(() => {
        for (const one of all.slice(start, start + BATCH)) change(one);
      });
    }
  }
}

/** A place in the order of last access; entries of one time are told apart by kind and key. */
export type IndexedPosition = Pick<IndexedEntry, 'key' | 'at'>;

function compareAccess(one: IndexedPosition, other: IndexedPosition): number {
  if (one.at !== other.at) return one.at - other.at;
  return keyString(one.key) < keyString(other.key) ? -1 : 1;
}

/** Where the entries of a kind go on that come after an entry, which may be of another kind. */
function startBehind(kind: Kind, { key, at }: IndexedPosition): Buffer {
  if (kind !== key.kind) return encodePosition(kind < key.kind ? at + 1 : at, Buffer.alloc(0));
  return encodePosition(at, encodeKey(key) ?? Buffer.alloc(0));
}
