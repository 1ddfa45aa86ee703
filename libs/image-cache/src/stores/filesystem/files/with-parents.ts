import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isAbsence } from './file-access.js';
import type { Layout } from './layout.js';
import { claimRoot } from './marker.js';

/** Attempts: an eviction or a sweep of empty directories may take the parents away in between. */
const ATTEMPTS = 8;

/** Makes something below the root, and the directories that it is to be in when they are missing. */
export async function withParents<T>(layout: Layout, path: string, make: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (attempt > 1) {
        await claimRoot(layout);
        await mkdir(dirname(path), { recursive: true });
      }
      return await make();
    } catch (error) {
      // A recursive mkdir whose parents are taken away meanwhile may also say ENOTDIR.
      if (!isAbsence(error) || attempt === ATTEMPTS) throw error;
    }
  }
}
