import { setTimeout } from 'node:timers/promises';
import type { Lease } from '../../../ports/lease.js';

/** Where a process takes the turn to open the index, or to close it; `undefined` while another one has it. */
export type TakeTurn = () => Promise<Lease | undefined>;

/** Milliseconds between two looks whether the turn is free. */
const PAUSE = 5;

/** Milliseconds after which the work is done without the turn: longer than a process that hangs can keep it. */
const PATIENCE = 20_000;

/**
 * Does something while no other process opens the index or closes it. The last process that closes an LMDB environment
 * takes down the locks in its file, and whoever opens it at this moment goes on with locks that are none.
 */
export async function inTurn<T>(take: TakeTurn, work: () => T | Promise<T>): Promise<T> {
  const turn = await awaitTurn(take);
  try {
    return await work();
  } finally {
    await turn?.release();
  }
}

/** A turn that cannot be had, where nothing can be written, is not needed either. */
async function awaitTurn(take: TakeTurn): Promise<Lease | undefined> {
  const end = performance.now() + PATIENCE;
  try {
    for (;;) {
      const turn = await take();
      if (turn !== undefined || performance.now() > end) return turn;
      await setTimeout(PAUSE);
    }
  } catch {
    return undefined;
  }
}
