import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ImageCacheError, messageOf } from '../../../common/errors.js';
import type { StoreContext, StoreIncident } from '../../../ports/cache-store.js';
import type { Clock } from '../../../ports/clock.js';
import type { EntryKey } from '../../../ports/entry.js';
import type { Lease } from '../../../ports/lease.js';
import type { Trash } from '../eviction/trash.js';
import { DirectorySpace } from '../index/directory-space.js';
import { EntryIndex } from '../index/entry-index.js';
import { FileRecords } from '../index/file-records.js';
import type { IndexTables } from '../index/index-tables.js';
import type { Lmdb } from '../index/lmdb.js';
import { OpenedIndex } from '../index/opened-index.js';
import { Reconciliation } from '../index/reconciliation.js';
import type { Layout } from '../files/layout.js';
import type { FileLeases } from '../leases/file-leases.js';
import { hasEnded, processName, processSpace } from '../processes.js';
import { BackgroundWork } from './background-work.js';
import { isBounded, WORKING_SPACE, type Bounds } from './bounds.js';
import { blockSize, directorySize, freeSpace } from './free-space.js';
import { IndexRepair } from './index-repair.js';
import { IndexedSpace, type IndexedSpaceOptions } from './indexed-space.js';
import { Pruner } from './pruner.js';
import { Recovery } from './recovery.js';
import { Room } from './room.js';
import type { Space } from './space.js';
import { UnindexedSpace } from './unindexed-space.js';

/** Inodes that a write takes besides the levels above an image: the tree, two directories, a file. */
const INODES = 4;

/** What {@link openSpace} depends on. */
export interface OpenSpaceOptions {
  readonly layout: Layout;
  readonly trash: Trash;
  readonly leases: FileLeases;
  readonly bounds: Bounds;
  /** Whether there is to be an index; by itself when there are bounds. */
  readonly index: boolean | 'auto';
  /** Whether room is made before it is needed. @default true */
  readonly ahead?: boolean;
  /** The root is on a local file system. */
  readonly local: boolean;
  readonly clock: Clock;
  readonly report: (incident: StoreIncident) => void;
  readonly pruned?: StoreContext['pruned'] | undefined;
  /** Length of an entry's body; `undefined` when there is none that is whole. */
  readonly bodySize: (key: EntryKey) => Promise<number | undefined>;
}

/** Opens the account of what a cache takes; where the index cannot be had, it says so and does without. */
export async function openSpace(options: OpenSpaceOptions): Promise<Space> {
  const { layout, leases, bounds, index, local, report } = options;
  const unindexed = new UnindexedSpace({ bounds, report, free: () => freeSpace(layout.root) });
  if (index === false || (index === 'auto' && !isBounded(bounds))) return unindexed;
  const without = (reason: string, cause?: unknown): Space => {
    const message = `${layout.root} has no index, since ${reason}: maxSize and maxEntries are kept by each sweep, not at each moment.`;
    report({ kind: 'unindexed', message, ...(cause !== undefined && { cause }) });
    return unindexed;
  };
  if (!local) return without('it is not on a local file system');
  try {
    if (!(await leases.takeNumber()))
      return without(`another container has a process of the same number, ${process.pid}`);
    return await openIndexed(options, await import('lmdb'));
  } catch (error) {
    return without(messageOf(error), error);
  }
}

async function openIndexed(options: OpenSpaceOptions, lmdb: Lmdb): Promise<Space> {
  const { layout, trash, leases, report } = options;
  const place = await processSpace();
  const onDamaged = damageReporter(options);
  const directory = join(layout.root, 'index');
  const directories = new DirectorySpace({ layout, size: directorySize(layout.root) });
  const takeTurn = (): Promise<Lease | undefined> => leases.take('index');
  const requireRoom = (): void => {
    requireRoomForIndex(layout.root);
  };
  const opened = await OpenedIndex.open({ lmdb, directory, ...place, directories, requireRoom, takeTurn, onDamaged });
  const tables = (): IndexTables => opened.tables;
  const records = new FileRecords({ ...options, tables, directories, block: blockSize(layout.root) });
  const common = { ...options, tables, records, directories, background: new BackgroundWork(report) };
  const pruner = new Pruner({ ...options, index: () => new EntryIndex(tables()) });
  const recovery = new Recovery({
    ...common,
    hasEnded: (owner) => hasEnded(owner, place),
    trash,
  });
  const space = new IndexedSpace({
    ...common,
    ...refreshing(opened, leases, common.background),
    room: new Room({
      ...common,
      pruner,
      inodesOfWrite: layout.geometry.depth + INODES,
      free: () => freeSpace(layout.root),
    }),
    repair: new IndexRepair({ ...common, recovery, reconciliation: new Reconciliation(common) }),
    // A process may have several stores in one directory, and close one of them.
    owner: `${await processName(place)}.${randomBytes(4).toString('hex')}`,
    keepUsage: () => {
      opened.keepUsage();
    },
    close: () => opened.close(),
  });
  space.start();
  return space;
}

/** How damage is told, and the tables are opened again. */
function refreshing(
  opened: OpenedIndex,
  leases: FileLeases,
  background: BackgroundWork,
): Pick<IndexedSpaceOptions, 'refresh' | 'suspect'> {
  return {
    refresh: () => {
      const isNew = opened.refresh();
      // With the directory, the lease has gone.
      if (isNew)
        background.run('taking the process number', async () => {
          await leases.takeNumber();
        });
      return isNew;
    },
    suspect: (error) => {
      opened.suspect(error);
    },
  };
}

function requireRoomForIndex(root: string): void {
  if (freeSpace(root).bytes >= WORKING_SPACE) return;
  throw new ImageCacheError('E_IMAGE_CACHE_STORE_FULL', 'the disk has no room for one');
}

function damageReporter({ layout, report }: OpenSpaceOptions): (cause: unknown) => void {
  return (cause) => {
    const message = `The index of ${layout.root} was damaged and is made anew: ${messageOf(cause)}`;
    report({ kind: 'unindexed', message, cause });
  };
}
