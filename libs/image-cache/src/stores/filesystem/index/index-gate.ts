import type { RootDatabase } from 'lmdb';
import type { Lmdb } from './lmdb.js';

/**
 * Lets one process at a time open the index or write to it: opening an LMDB environment takes back what others commit at
 * the same moment, and pages that are in use are then written over (its ITS#9496, which the lmdb package has not taken
 * over). The gate is the lock of another environment, in which nothing is ever written, so that there is nothing to take
 * back. The lock of a process that was killed is free.
 */
export class IndexGate {
  readonly #environment: RootDatabase;

  private constructor(environment: RootDatabase) {
    this.#environment = environment;
  }

  static open(lmdb: Lmdb, file: string): IndexGate {
    return new IndexGate(lmdb.open(file, { noSubdir: true, noSync: true, overlappingSync: false }));
  }

  /** Does something while no other process does. */
  pass<T>(work: () => T): T {
    return this.#environment.transactionSync(work);
  }

  async close(): Promise<void> {
    await this.#environment.close();
  }
}
