import { access, constants, readFile } from 'node:fs/promises';
import { ifPresent } from './file-access.js';
import type { Layout } from './layout.js';

const { R_OK, W_OK, X_OK } = constants;

/** Throws what stands in the way of using a root: it or a part of it is not there, or not ours to read and write. */
export async function requireUsable(layout: Layout): Promise<void> {
  // To be allowed to open a file is not enough: there may be no descriptor left.
  await readFile(layout.marker);
  await access(layout.root, R_OK | W_OK | X_OK);
  const { trash, quarantine, leases } = layout;
  for (const directory of [
    layout.tree('info'),
    layout.tree('source'),
    layout.tree('variant'),
    trash,
    quarantine,
    leases,
  ])
    await ifPresent(access(directory, R_OK | W_OK | X_OK));
  await ifPresent(access(layout.evictions, R_OK | W_OK));
}
