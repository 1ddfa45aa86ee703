import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { KEPT_USAGE, KeptUsage } from './kept-usage.js';
import { IndexTables, type IndexTablesOptions } from './index-tables.js';
import type { Lmdb } from './lmdb.js';
import { inTurn, type TakeTurn } from './opening-turn.js';
import { usedOf } from './totals.js';

/** Layout of the tables; each has a directory of its own. */
const VERSION = 2;

/**
 * What LMDB says of files that are not what it has written: a page that is missing or of another type, a file that is
 * none of its own, a transaction that cannot go on.
 */
const DAMAGE: readonly unknown[] = [-30797, -30796, -30795, -30794, -30793, -30787, -30786, -30784, -30782, -30779];

/** What an {@link OpenedIndex} depends on. */
export interface OpenedIndexOptions extends IndexTablesOptions {
  readonly lmdb: Lmdb;
  readonly directory: string;
  /**
   * Tells one run of the machine from the next: what was not on the disk when it stopped cannot be relied on, and is not
   * even opened, since LMDB may bring the process down with it.
   */
  readonly boot: string;
  /** One process at a time opens the index or closes it. */
  readonly takeTurn: TakeTurn;
  /** Told of an index that was damaged, and is made anew. */
  readonly onDamaged: (cause: unknown) => void;
}

/** The index of a directory, which may be taken away or damaged while it is in use, and is made again then. */
export class OpenedIndex {
  readonly #options: OpenedIndexOptions;
  readonly #place: string;
  readonly #kept: KeptUsage;
  #tables: IndexTables;
  #isDamaged = false;

  private constructor(options: OpenedIndexOptions) {
    const { directory, boot } = options;
    const run = createHash('sha256').update(boot).digest('hex').slice(0, 16);
    this.#options = options;
    this.#place = join(directory, `${run}-${VERSION}`);
    this.#kept = new KeptUsage({ file: join(directory, KEPT_USAGE), drafts: this.#place });
    this.#tables = this.#open();
    for (const name of readdirSync(directory))
      if (!name.startsWith(run) && name !== KEPT_USAGE) rmSync(join(directory, name), { recursive: true, force: true });
  }

  /** Opens the index of a directory, or makes it. */
  static open(options: OpenedIndexOptions): Promise<OpenedIndex> {
    return inTurn(options.takeTurn, () => new OpenedIndex(options));
  }

  get tables(): IndexTables {
    return this.#tables;
  }

  /** Writes down how much the cache takes, for an index that comes after this one. */
  keepUsage(): void {
    this.#kept.keep(usedOf(this.#tables.totals()));
  }

  /** Looks whether an error comes from damage; the index is made anew then, when it is refreshed. */
  suspect(error: unknown): void {
    if (this.#isDamaged || !isDamage(error)) return;
    this.#isDamaged = true;
    this.#options.onDamaged(error);
  }

  /** Opens the index again when somebody has taken it away, or it is damaged; tells whether it was so. */
  refresh(): boolean {
    const gone = this.#tables;
    if (gone.isInPlace && !this.#isDamaged) return false;
    if (gone.isInPlace) this.#remove();
    this.#isDamaged = false;
    this.#tables = this.#open();
    void gone.close();
    return true;
  }

  async close(): Promise<void> {
    // One that has been taken away is nobody else's, and its place is not to be made again.
    if (this.#tables.isInPlace) await inTurn(this.#options.takeTurn, () => this.#tables.close());
    else await this.#tables.close();
  }

  #open(): IndexTables {
    const { lmdb, onDamaged } = this.#options;
    const open = (): IndexTables => {
      const tables = IndexTables.open(lmdb, this.#place, this.#options);
      tables.expect(this.#kept.read());
      return tables;
    };
    try {
      return open();
    } catch (error) {
      if (!isDamage(error)) throw error;
      onDamaged(error);
      this.#remove();
      return open();
    }
  }

  /** Who has the files open goes on with them until it finds that they have gone. */
  #remove(): void {
    rmSync(this.#place, { recursive: true, force: true });
  }
}

function isDamage(error: unknown): boolean {
  return DAMAGE.includes((error as { readonly code?: unknown } | undefined)?.code);
}
