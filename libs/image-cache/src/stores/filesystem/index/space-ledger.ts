import type { EntryKey } from '../../../ports/entry.js';
import { decodeKey, encodeKey } from './index-codec.js';
import type { IndexTables, LedgerWrite } from './index-tables.js';
import { withFound, type Totals } from './totals.js';

/** Sorts behind all names. */
const LAST = '\uffff';

/** A write that is under way. */
export interface Write {
  /** Unique; names its directory. */
  readonly name: string;
  readonly key: EntryKey;
  /** Bytes set apart for it. */
  readonly bytes: number;
  /** Who writes. */
  readonly owner: string;
}

/**
 * Accounts for what takes space without being an entry: writes that are under way, trash and quarantine. And lists who
 * uses the cache: who has ended without leaving was killed, whatever it was about to write down.
 */
export class SpaceLedger {
  readonly #tables: IndexTables;

  constructor(tables: IndexTables) {
    this.#tables = tables;
  }

  totals(): Totals {
    return this.#tables.totals();
  }

  /** An entry of so many bytes was taken in that had been there before; part of a transaction. */
  found(bytes: number): void {
    this.#tables.setTotals(withFound(this.#tables.totals(), bytes));
  }

  /** Adds a user of the cache. */
  enter(user: string): void {
    this.#tables.transaction(() => {
      this.#tables.ledger.putSync(['user', user], true);
    });
  }

  /** Takes a user off the list; may be part of a transaction. */
  leave(user: string): void {
    this.#tables.transaction(() => {
      this.#tables.ledger.removeSync(['user', user]);
    });
  }

  users(): string[] {
    return this.#names('user');
  }

  /** The totals that there would be with the space that a write asks for. */
  after({ name, bytes }: Write): Totals {
    const before = this.#write(name);
    const totals = this.#tables.totals();
    return {
      ...totals,
      claimed: totals.claimed + bytes - (before?.bytes ?? 0),
      writes: totals.writes + (before === undefined ? 1 : 0),
    };
  }

  /** Sets space apart for a write, or more of it, if the totals that there are then are admitted. */
  claim(write: Write, admits: (totals: Totals) => boolean): boolean {
    const key = encodeKey(write.key);
    if (key === undefined) return false;
    return this.#tables.transaction(() => {
      const after = this.after(write);
      if (!admits(after)) return false;
      const { name, owner, bytes } = write;
      this.#tables.ledger.putSync(['write', name], { kind: write.key.kind, key, bytes, owner } satisfies LedgerWrite);
      this.#tables.setTotals(after);
      return true;
    });
  }

  /** Ends a write, whether it became an entry or not; may be part of a transaction. */
  end(name: string): void {
    if (this.#write(name) === undefined) return;
    this.#tables.transaction(() => {
      const write = this.#write(name);
      if (write === undefined) return;
      this.#tables.ledger.removeSync(['write', name]);
      const totals = this.#tables.totals();
      this.#tables.setTotals({ ...totals, claimed: totals.claimed - write.bytes, writes: totals.writes - 1 });
    });
  }

  /** Adds to what a piece of trash or a file in quarantine takes; may be part of a transaction. */
  discard(name: string, bytes: number): void {
    this.#tables.transaction(() => {
      this.#setDiscarded(name, this.#discarded(name) + bytes);
    });
  }

  /** Tells that a piece of trash, or a file in quarantine, is gone. */
  emptied(name: string): void {
    this.#tables.transaction(() => {
      this.#setDiscarded(name, 0);
    });
  }

  /** Writes that are under way, or were when their process ended. */
  writes(): Write[] {
    const range = this.#tables.ledger.getRange({ start: ['write'], end: ['write', LAST] });
    return [...range].map(({ key: [, name = ''], value }) => {
      const { kind, key, bytes, owner } = value as LedgerWrite;
      return { name, key: decodeKey(kind, key), bytes, owner };
    });
  }

  /** The paths of what has been discarded and not given back. */
  discards(): string[] {
    return this.#names('discarded');
  }

  #names(what: 'user' | 'discarded'): string[] {
    const range = this.#tables.ledger.getKeys({ start: [what], end: [what, LAST] });
    return [...range].map(([, name = '']) => name);
  }

  #write(name: string): LedgerWrite | undefined {
    return this.#tables.ledger.get(['write', name]) as LedgerWrite | undefined;
  }

  #discarded(name: string): number {
    return (this.#tables.ledger.get(['discarded', name]) as number | undefined) ?? 0;
  }

  #setDiscarded(name: string, bytes: number): void {
    const totals = this.#tables.totals();
    this.#tables.setTotals({ ...totals, discarded: totals.discarded + bytes - this.#discarded(name) });
    if (bytes === 0) this.#tables.ledger.removeSync(['discarded', name]);
    else this.#tables.ledger.putSync(['discarded', name], bytes);
  }
}
