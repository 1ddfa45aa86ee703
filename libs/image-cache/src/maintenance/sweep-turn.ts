import type { CacheStore } from '../ports/cache-store.js';
import type { Lease } from '../ports/lease.js';
import { sweep, type SweepOptions, type SweepReport, type SweepStep } from './sweep.js';

/**
 * Sweeps those stores that no other process is sweeping, as their only sweeper. Ends early when another process has taken
 * a turn away, since it held this one for dead.
 *
 * @param stepsOf the steps for some of the stores
 */
export async function sweepInTurn(
  stores: readonly CacheStore[],
  stepsOf: (stores: readonly CacheStore[]) => readonly SweepStep[],
  options: SweepOptions,
): Promise<SweepReport> {
  const own: CacheStore[] = [];
  const skipped: string[] = [];
  const turns: Lease[] = [];
  try {
    for (const store of stores) {
      const turn = await store.leases?.take('sweep');
      if (turn !== undefined) turns.push(turn);
      if (turn === undefined && store.leases !== undefined) skipped.push(store.name);
      else own.push(store);
    }
    const signals = turns.map((turn) => turn.signal);
    const signal = AbortSignal.any(options.signal === undefined ? signals : [...signals, options.signal]);
    const isIdle = own.length === 0 && skipped.length > 0;
    const report = await sweep(isIdle ? [] : stepsOf(own), { ...options, signal });
    return skipped.length === 0 ? report : { ...report, skipped };
  } finally {
    // A store that fails tells of it, and what has been swept has been swept.
    await Promise.allSettled(turns.map((turn) => turn.release()));
  }
}
