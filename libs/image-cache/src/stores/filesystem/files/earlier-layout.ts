import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAbsence } from './file-access.js';
import { uniqueName, type Layout } from './layout.js';

/**
 * Puts what a cache of an earlier layout has left where a sweep removes it, and a marker in place of its own. All at
 * once: of several that open the root, none is to put away what another one has written since. Whoever still uses the
 * earlier layout finds its directories gone, and the marker refuses it.
 */
export function putEarlierAway(layout: Layout, marker: string): void {
  const { root, trash, quarantine, leases, evictions, scrubCursor } = layout;
  const trees = [layout.tree('info'), layout.tree('source'), layout.tree('variant'), join(root, 'index')];
  mkdirSync(trash, { recursive: true });
  for (const path of [...trees, quarantine, leases, evictions, scrubCursor])
    moveIfPresent(path, join(trash, uniqueName()));
  const draft = layout.draft();
  writeFileSync(draft, marker, { flag: 'wx' });
  renameSync(draft, layout.marker);
}

function moveIfPresent(path: string, target: string): void {
  try {
    renameSync(path, target);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}
