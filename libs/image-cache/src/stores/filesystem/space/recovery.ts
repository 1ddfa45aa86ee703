import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Trash } from '../eviction/trash.js';
import type { FileRecords } from '../index/file-records.js';
import type { IndexTables } from '../index/index-tables.js';
import { SpaceLedger, type Write } from '../index/space-ledger.js';
import { stateOf } from '../files/file-access.js';
import type { Layout } from '../files/layout.js';
import { removeEmptyParents } from '../files/with-parents.js';
import type { ProcessRun } from '../upkeep/process-run.js';

/** What {@link Recovery} depends on. */
export interface RecoveryOptions {
  readonly layout: Layout;
  readonly records: FileRecords;
  /** Whether a process, named by what it calls itself, has ended. */
  readonly hasEnded: (owner: string) => Promise<boolean>;
  readonly trash: Trash;
}

/** Puts the accounts of processes right that have died: what they had set apart, published or thrown away. */
export class Recovery {
  readonly #options: RecoveryOptions;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** What was counted and is not there any more counts as removed. */
  async run(tables: IndexTables, run: ProcessRun): Promise<void> {
    const { layout, hasEnded } = this.#options;
    const ledger = new SpaceLedger(tables);
    for (const write of ledger.writes()) {
      await run.attempt(this.#directoryOf(write), async () => {
        if (await this.#isOver(write)) await this.#settle(write, ledger, run);
      });
      await run.proceed();
    }
    const killed: string[] = [];
    for (const user of ledger.users()) if (await hasEnded(user)) killed.push(user);
    if (killed.length > 0 && !run.dryRun) await this.#clearUp(killed, tables, run.signal);
    for (const path of ledger.discards()) {
      const place = join(layout.root, path);
      if (!run.dryRun) await this.#removeTrash(place, run.signal);
      if ((await stateOf(place)) !== undefined) continue;
      if (!run.dryRun) ledger.emptied(path);
      gone(run);
    }
  }

  /** Of a process of another host it is known when its directory has gone, which it made first. */
  async #isOver(write: Write): Promise<boolean> {
    return (await this.#options.hasEnded(write.owner)) || (await stateOf(this.#directoryOf(write))) === undefined;
  }

  /** A write may have been published just before its process died. */
  async #settle(write: Write, ledger: SpaceLedger, run: ProcessRun): Promise<void> {
    const directory = this.#directoryOf(write);
    if (!run.dryRun) {
      await rm(directory, { recursive: true, force: true });
      await removeEmptyParents(this.#options.layout, directory);
      if (await this.#options.records.adopt(write.key)) run.adopted();
      ledger.end(write.name);
    }
    gone(run);
  }

  /**
   * What they threw away has not been counted, if they died before they told of it. What else they did before they told
   * of it is found by looking at all files.
   */
  async #clearUp(killed: readonly string[], tables: IndexTables, signal: AbortSignal): Promise<void> {
    await this.#options.trash.empty(signal);
    signal.throwIfAborted();
    tables.transaction(() => {
      tables.doubt();
      for (const user of killed) new SpaceLedger(tables).leave(user);
    });
  }

  /** A process that was told to end leaves some; where another one is at it, both get on. */
  async #removeTrash(place: string, signal: AbortSignal): Promise<void> {
    const { layout, trash } = this.#options;
    if (dirname(place) === layout.trash && !trash.inUse.includes(basename(place))) await trash.remove(place, signal);
  }

  #directoryOf({ key, name }: Write): string {
    return join(this.#options.layout.writes(key), name);
  }
}

function gone({ counts }: ProcessRun): void {
  counts.examined += 1;
  counts.removed += 1;
}
