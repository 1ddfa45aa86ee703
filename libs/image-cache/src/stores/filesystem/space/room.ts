import { ImageCacheError, messageOf } from '../../../common/errors.js';
import { EntryIndex } from '../index/entry-index.js';
import type { IndexTables } from '../index/index-tables.js';
import { SpaceLedger, type Write } from '../index/space-ledger.js';
import type { Totals } from '../index/totals.js';
import type { ProcessRun } from '../upkeep/process-run.js';
import type { BackgroundWork } from './background-work.js';
import {
  HIGH,
  isEnough,
  LOW,
  shortageOf,
  WORKING_SPACE,
  type Bounds,
  type FreeSpace,
  type Shortage,
} from './bounds.js';
import type { Pruned, PruneListener, Pruner } from './pruner.js';

/** Inodes that there are again after they were used up. */
const WORKING_INODES = 32;

/** How often room is made for one write, while others take it. */
const ATTEMPTS = 50;

const NONE: Pruned & Shortage = { bytes: 0, entries: 0 };

/** What a {@link Room} depends on. */
export interface RoomOptions {
  readonly tables: () => IndexTables;
  readonly pruner: Pruner;
  readonly bounds: Bounds;
  /** Whether room is made before it is needed. @default true */
  readonly ahead?: boolean;
  readonly free: () => FreeSpace;
  /** Most inodes that a write takes. */
  readonly inodesOfWrite: number;
  /** Runs what nobody waits for. */
  readonly background: BackgroundWork;
}

/** The room that the bounds leave, by the account of all processes, and how more of it is made. */
export class Room {
  readonly #options: RoomOptions;
  #isBeingMade = false;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /**
   * Sets space apart for a write, and makes room for it first where there is none; tells whether it could.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_STORE_FULL` when the disk is full
   */
  async admit(write: Write): Promise<boolean> {
    this.#requireWorkingSpace(write.bytes);
    const freeAfter = this.#watchFree();
    let gone: Pruned = NONE;
    const missing = (pruned: Pruned): Shortage =>
      this.#missing(this.#ledger.after(write), { free: freeAfter(sum(gone, pruned)) });
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (this.#ledger.claim(write, (totals) => isEnough(this.#missing(totals, { free: freeAfter(gone) })))) {
        this.makeAhead();
        return true;
      }
      const pruned = await this.#options.pruner.prune(missing);
      gone = sum(gone, pruned);
      if (pruned.entries === 0 && !isEnough(missing(NONE))) return false;
    }
    return false;
  }

  /** Makes sure that the directories of a write leave inodes free, where some are to stay free; tells whether it could. */
  async admitDirectories(): Promise<boolean> {
    const { bounds, free, inodesOfWrite, pruner } = this.#options;
    if (bounds.minFreeInodes === 0) return true;
    const missing = (): Shortage => ({ bytes: 0, entries: bounds.minFreeInodes + inodesOfWrite - free().inodes });
    if (!isEnough(missing())) await pruner.prune(missing);
    return isEnough(missing());
  }

  /** Makes room before it is needed. */
  makeAhead(): void {
    const { ahead = true } = this.#options;
    if (!ahead || !this.#hasReached(HIGH)) return;
    const freeAfter = this.#watchFree();
    this.#inBackground((pruned) => this.#shortage(LOW, freeAfter(pruned)));
  }

  /** The disk was full before the bounds were reached. */
  ranOut(bytes: number): void {
    const { free } = this.#options;
    this.#inBackground((pruned) => ({
      bytes: bytes + WORKING_SPACE - pruned.bytes,
      entries: WORKING_INODES - free().inodes,
    }));
  }

  /** Makes room as a sweep does it: counted, in small batches, between which writes have their turn. */
  async keep(run: ProcessRun): Promise<void> {
    if (!this.#hasReached(HIGH)) return;
    if (run.dryRun) {
      await this.#foresee(run);
      return;
    }
    const listener = counting(run);
    const freeAfter = this.#watchFree();
    let gone: Pruned = NONE;
    const shortage = (): Shortage => this.#shortage(LOW, freeAfter(gone));
    while (!isEnough(shortage())) {
      // What is missing when it has its turn: room may be being made in the background.
      const missing = ({ entries }: Pruned): Shortage => (entries === 0 ? shortage() : NONE);
      const pruned = await this.#options.pruner.prune(missing, listener);
      if (pruned.entries === 0) return;
      gone = sum(gone, pruned);
      await run.proceed(pruned.entries);
    }
  }

  /** Counts what would go. */
  async #foresee(run: ProcessRun): Promise<void> {
    const listener = counting(run);
    let { bytes, entries } = this.#shortage(LOW);
    const index = new EntryIndex(this.#options.tables());
    const freedBy = index.leaving();
    for (const entry of index.byAccess()) {
      if (isEnough({ bytes, entries })) return;
      bytes -= freedBy(entry);
      entries -= 1;
      listener.removed(entry);
      await run.proceed();
    }
  }

  get #ledger(): SpaceLedger {
    return new SpaceLedger(this.#options.tables());
  }

  #hasReached(share: number): boolean {
    return !isEnough(this.#shortage(share));
  }

  #shortage(share: number, free = this.#options.free()): Shortage {
    return this.#missing(this.#ledger.totals(), { free, share });
  }

  #missing(totals: Totals, { free, share = 1 }: { readonly free: FreeSpace; readonly share?: number }): Shortage {
    return shortageOf(totals, this.#options.bounds, free, share);
  }

  /**
   * Tells what is free after so much has gone since this moment. Where it shows late (ZFS, Btrfs), it counts as free
   * already: else the cache would be emptied while it is waited for.
   */
  #watchFree(): (gone: Pruned) => FreeSpace {
    const { free } = this.#options;
    const before = free();
    return (gone) => {
      const now = free();
      return {
        bytes: Math.max(now.bytes, before.bytes + gone.bytes),
        inodes: Math.max(now.inodes, before.inodes + gone.entries),
      };
    };
  }

  /** The index itself takes a few pages for every change. */
  #requireWorkingSpace(bytes: number): void {
    if (this.#options.free().bytes >= WORKING_SPACE) return;
    this.ranOut(bytes);
    throw new ImageCacheError('E_IMAGE_CACHE_STORE_FULL', 'The disk is full.');
  }

  /** One at a time; nobody waits for what it removes. */
  #inBackground(shortage: (pruned: Pruned) => Shortage): void {
    const { background, pruner } = this.#options;
    if (this.#isBeingMade) return;
    this.#isBeingMade = true;
    background.run('making room', async () => {
      try {
        await pruner.prune(shortage);
      } finally {
        this.#isBeingMade = false;
      }
    });
  }
}

function sum(one: Pruned, other: Pruned): Pruned {
  return { bytes: one.bytes + other.bytes, entries: one.entries + other.entries };
}

/** What is stuck counts once, however often it is tried. */
function counting({ counts }: ProcessRun): PruneListener {
  const stuck = new Set<string>();
  return {
    removed: ({ stored }) => {
      counts.examined += 1;
      counts.removed += 1;
      counts.bytes += stored;
    },
    stuck: (path, cause) => {
      if (stuck.has(path)) return;
      stuck.add(path);
      counts.examined += 1;
      counts.failed += 1;
      counts.failure ??= messageOf(cause);
    },
  };
}
