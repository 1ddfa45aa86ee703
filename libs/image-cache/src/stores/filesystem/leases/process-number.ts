import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ifPresent, stateOf } from '../files/file-access.js';
import type { Layout } from '../files/layout.js';
import { inTurn, type TakeTurn } from '../index/opening-turn.js';
import { LEASE_TTL } from './held-lease.js';

/** What {@link takeNumber} depends on. */
export interface ProcessNumberOptions {
  readonly layout: Layout;
  readonly takeTurn: TakeTurn;
  /** Makes the lease. */
  readonly hold: (path: string) => Promise<unknown>;
  /** Whether who had a lease is known to have ended. */
  readonly isLeft: (path: string) => Promise<boolean>;
  /** Who has a lease; `undefined` when nobody has, or who had it has ended or left it for long. */
  readonly holderOf: (path: string) => Promise<'me' | 'other' | undefined>;
}

/** Milliseconds between two looks at the lease of another process. */
const PAUSE = 100;

/**
 * Takes the number of this process, by which LMDB knows processes: two of different containers may have the same one, and
 * bring one another down when they use the same index. Each store has a lease of its own, since a process may have several.
 * That of a process that ended without giving it back is waited for. Where there is no room for one, the index is used all
 * the same: it is what makes room.
 *
 * @returns false when a process of another container has the number
 */
export async function takeNumber(options: ProcessNumberOptions): Promise<boolean> {
  const { layout, hold, takeTurn } = options;
  for (;;) {
    const other = await inTurn(takeTurn, async () => {
      const found = await findOther(options);
      if (found === undefined) await hold(layout.numberLease(process.pid)).catch(() => undefined);
      return found;
    });
    if (other === undefined) return true;
    if (await livesOn(other, options)) return false;
  }
}

/** Where a lease is that somebody else has of this number; what processes of whatever number have left is removed. */
async function findOther({ layout, isLeft, holderOf }: ProcessNumberOptions): Promise<string | undefined> {
  const names = (await ifPresent(readdir(layout.leases))) ?? [];
  let other: string | undefined;
  for (const path of names.filter((name) => layout.isNumberLease(name)).map((name) => join(layout.leases, name))) {
    if (await isLeft(path)) await rm(path, { force: true }).catch(() => undefined);
    else if (layout.isNumberLease(basename(path), process.pid) && (await holderOf(path)) === 'other') other = path;
  }
  return other;
}

/** Waits until a lease is over, or renewed: whoever does that lives. */
async function livesOn(path: string, { holderOf }: ProcessNumberOptions): Promise<boolean> {
  const end = performance.now() + 2 * LEASE_TTL;
  const renewed = (await stateOf(path))?.mtimeMs;
  while ((await holderOf(path)) === 'other') {
    const now = (await stateOf(path))?.mtimeMs;
    if (performance.now() > end || (now !== undefined && now !== renewed)) return true;
    await setTimeout(PAUSE);
  }
  return false;
}
