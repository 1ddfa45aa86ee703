import { open, type Database, type RootDatabase } from 'lmdb';
import type { EntryKey, EntryMeta, Evicted, Generation, Kind, Usage } from 'nestjs-image-cache';
import { Bodies } from './bodies.js';

/** An entry as it is kept. */
export interface Row {
  readonly key: EntryKey;
  readonly meta: EntryMeta;
  readonly lastAccess: number;
  readonly hits: number;
  /** Names the body. */
  readonly body: string;
}

const KINDS: readonly Kind[] = ['info', 'variant', 'source'];

/** The entries of an image begin alike, so that they follow one another. */
export const nameOf = ({ kind, group, id, extension }: EntryKey) => `${group}/${kind}/${id}.${extension}`;

const positionOf = (row: Row): [number, string] => [row.lastAccess, nameOf(row.key)];

const compare = ([at, name]: [number, string], [otherAt, other]: [number, string]) =>
  at - otherAt || (name < other ? -1 : Number(name > other));

/** The tables of an LMDB environment, which several processes of one machine may have open. */
export class Tables {
  readonly bodies: Bodies;
  readonly #root: RootDatabase;
  readonly #rows: Database<Row, string>;
  readonly #order: Database<true, [number, string]>;
  readonly #generations: Database<number, string>;
  readonly #usage: Database<Usage, Kind>;

  constructor(directory: string) {
    // Every body that is being read may have a snapshot of its own; there is room for 126 unless told otherwise.
    this.#root = open({ path: directory, noSubdir: false, maxReaders: 2048 });
    this.#rows = this.#root.openDB({ name: 'rows' });
    this.#order = this.#root.openDB({ name: 'order' });
    this.#generations = this.#root.openDB({ name: 'generations' });
    this.#usage = this.#root.openDB({ name: 'usage' });
    this.bodies = new Bodies(this.#root);
  }

  /** Makes all of several changes or, when one of them throws, none. One process at a time makes changes. */
  change<T>(act: () => T): Promise<T> {
    return this.#root.childTransaction(act);
  }

  /** LMDB keeps a snapshot for a turn of the event loop: this shows what other processes have done since. */
  refresh(): this {
    this.#root.resetReadTxn();
    return this;
  }

  row(key: EntryKey): Row | undefined {
    return this.#rows.get(nameOf(key));
  }

  /** The rows of an image. */
  image(group: string): Row[] {
    return [...this.#rows.getRange({ start: `${group}/`, end: `${group}0` })].map(({ value }) => value);
  }

  /** All rows behind a name, or those of an image, in the order of names; what changes meanwhile may be seen or not. */
  *rows(after?: string, group?: string): Generator<Row> {
    const image = group === undefined ? {} : { end: `${group}0` };
    const range = { start: after ?? group ?? '', ...image, exclusiveStart: true, snapshot: false };
    for (const { value } of this.#rows.getRange(range)) yield value;
  }

  /** All rows behind a last access and a name, or those of an image, the least recently used first. */
  *rowsByAccess(start: [number, string] = [0, ''], group?: string): Generator<Row> {
    if (group !== undefined) {
      const rows = this.image(group).sort((one, other) => compare(positionOf(one), positionOf(other)));
      yield* rows.filter((row) => compare(start, positionOf(row)) < 0);
      return;
    }
    for (const { key } of this.#order.getRange({ start, exclusiveStart: true, snapshot: false })) {
      const row = this.#rows.get(key[1]);
      if (row !== undefined) yield row;
    }
  }

  usage(kind?: Kind): Usage {
    let sum: Usage = { entries: 0, bytes: 0 };
    for (const each of kind === undefined ? KINDS : [kind]) {
      const { entries, bytes } = this.#usage.get(each) ?? { entries: 0, bytes: 0 };
      sum = { entries: sum.entries + entries, bytes: sum.bytes + bytes };
    }
    return sum;
  }

  /** Images share counters, and none is ever forgotten: at worst a picture is not stored. */
  generation(group: string): Generation {
    return `${this.#generations.get('') ?? 0}.${this.#generations.get(group.slice(0, 4)) ?? 0}`;
  }

  /** Ends the generation of an image, or of all; within a change. */
  beginGeneration(group = ''): void {
    const counter = group.slice(0, 4);
    this.#generations.putSync(counter, (this.#generations.get(counter) ?? 0) + 1);
  }

  /** Puts a row in the place of the one that is there; within a change. */
  put(row: Row): void {
    const before = this.row(row.key);
    if (before !== undefined) this.remove([before]);
    this.#rows.putSync(nameOf(row.key), row);
    this.#order.putSync([row.lastAccess, nameOf(row.key)], true);
    this.#count(row, 1);
  }

  /** Records an access; within a change. */
  touch(row: Row, { lastAccess, hits }: Pick<Row, 'lastAccess' | 'hits'>): void {
    this.#order.removeSync([row.lastAccess, nameOf(row.key)]);
    this.#order.putSync([lastAccess, nameOf(row.key)], true);
    this.#rows.putSync(nameOf(row.key), { ...row, lastAccess, hits });
  }

  /** Removes rows and their bodies; within a change. */
  remove(rows: Iterable<Row>): Evicted {
    const counts = { infos: 0, variants: 0, sources: 0, bytes: 0 };
    for (const row of rows) {
      this.#rows.removeSync(nameOf(row.key));
      this.#order.removeSync([row.lastAccess, nameOf(row.key)]);
      this.#count(row, -1);
      this.bodies.discard(row.body);
      counts[`${row.key.kind}s`] += 1;
      counts.bytes += row.meta.size;
    }
    return counts;
  }

  async close(): Promise<void> {
    this.bodies.close();
    await this.#root.close();
  }

  #count({ key: { kind }, meta: { size } }: Row, sign: 1 | -1): void {
    const { entries, bytes } = this.usage(kind);
    this.#usage.putSync(kind, { entries: entries + sign, bytes: bytes + sign * size });
  }
}
