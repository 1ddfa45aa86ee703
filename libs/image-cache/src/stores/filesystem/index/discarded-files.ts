import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ifPresent } from '../files/file-access.js';
import { timeOf, type Layout } from '../files/layout.js';
import type { ProcessRun } from '../upkeep/process-run.js';
import type { DirectorySpace } from './directory-space.js';
import type { FileRecords } from './file-records.js';
import type { IndexTables } from './index-tables.js';
import { SpaceLedger } from './space-ledger.js';

/** Milliseconds within which who has moved something there tells of it. */
const YOUNG = 60_000;

/** What {@link adoptDiscarded} depends on. */
export interface DiscardedFilesOptions {
  readonly layout: Layout;
  readonly tables: () => IndexTables;
  readonly records: FileRecords;
  readonly directories: DirectorySpace;
}

/** Takes in what is in the trash and in quarantine and is not counted, as after the loss of the index. */
export async function adoptDiscarded(options: DiscardedFilesOptions, run: ProcessRun): Promise<void> {
  const { layout, tables } = options;
  const ledger = new SpaceLedger(tables());
  const known = new Set(ledger.discards());
  for (const directory of [layout.trash, layout.quarantine])
    for (const name of (await ifPresent(readdir(directory))) ?? []) {
      const path = join(directory, name);
      const relative = layout.relative(path);
      if (known.has(relative) || (timeOf(name) ?? 0) > Date.now() - YOUNG) continue;
      await run.attempt(path, async () => {
        const bytes = await bytesBelow(path, options, run);
        if (bytes === 0) return;
        if (!run.dryRun) ledger.discard(relative, bytes);
        run.counts.examined += 1;
        run.adopted();
      });
    }
}

async function bytesBelow(path: string, options: DiscardedFilesOptions, run: ProcessRun): Promise<number> {
  await run.proceed();
  const found = await ifPresent(lstat(path));
  if (found === undefined) return 0;
  if (!found.isDirectory()) return options.records.onDisk(found.size);
  let bytes = options.directories.size;
  for (const name of (await ifPresent(readdir(path))) ?? []) bytes += await bytesBelow(join(path, name), options, run);
  return bytes;
}
