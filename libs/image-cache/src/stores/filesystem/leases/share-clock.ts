import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../ports/clock.js';
import { stateOf } from '../files/file-access.js';
import { TEMPORARY, uniqueName, type Layout } from '../files/layout.js';
import { withParents } from '../files/with-parents.js';

/** Milliseconds after which the difference is measured anew. */
const MEASURED_FOR = 60_000;

/** The time by which a file system dates its files: that of the server of a network share, which other hosts see too. */
export class ShareClock {
  readonly #layout: Layout;
  readonly #clock: Clock;
  #measured: { readonly at: number; readonly difference: number } | undefined;

  constructor(layout: Layout, clock: Clock) {
    this.#layout = layout;
    this.#clock = clock;
  }

  /** Milliseconds since the epoch. */
  async now(): Promise<number> {
    const own = this.#clock.now();
    const { at, difference } = this.#measured ?? (await this.#measure());
    if (Math.abs(own - at) < MEASURED_FOR) return own + difference;
    return own + (await this.#measure()).difference;
  }

  async #measure(): Promise<{ readonly at: number; readonly difference: number }> {
    const probe = join(this.#layout.leases, uniqueName() + TEMPORARY);
    try {
      await withParents(this.#layout, probe, () => writeFile(probe, '', { flag: 'wx' }));
      const at = this.#clock.now();
      const dated = (await stateOf(probe))?.mtimeMs ?? at;
      this.#measured = { at, difference: dated - at };
      return this.#measured;
    } finally {
      await rm(probe, { force: true });
    }
  }
}
