import type { MaintenanceRate, StoreIncident } from '../../../ports/cache-store.js';
import { stateOf } from '../files/file-access.js';
import type { Layout } from '../files/layout.js';
import { walk, type FoundFile } from '../files/walk.js';
import type { IndexTables } from '../index/index-tables.js';
import type { Reconciliation } from '../index/reconciliation.js';
import { KINDS } from '../listing.js';
import { ProcessRun } from '../upkeep/process-run.js';
import type { BackgroundWork } from './background-work.js';
import type { Recovery } from './recovery.js';

/** Share of the time for which files are taken into the index while nobody waits for that. */
const DUTY = 0.25;

/** What an {@link IndexRepair} depends on. */
export interface IndexRepairOptions {
  readonly layout: Layout;
  readonly tables: () => IndexTables;
  readonly recovery: Recovery;
  readonly reconciliation: Reconciliation;
  /** Runs what nobody waits for. */
  readonly background: BackgroundWork;
  readonly report: (incident: StoreIncident) => void;
}

/** Puts the index right: when there is reason to, in the background, and as a step of a sweep. */
export class IndexRepair {
  readonly #options: IndexRepairOptions;
  #isRecovering = false;
  #isReconciling = false;

  constructor(options: IndexRepairOptions) {
    this.#options = options;
  }

  /** Puts right what processes have left behind that have died, and takes all files in if there is doubt then. */
  recoverSoon(): void {
    const { background, recovery, tables } = this.#options;
    if (this.#isRecovering) return;
    this.#isRecovering = true;
    background.run('recovering from the end of another process', async (signal) => {
      try {
        await this.#unlessReplaced(() => recovery.run(tables(), this.#runOf(signal, {})));
      } finally {
        this.#isRecovering = false;
      }
      this.reconcileSoon();
    });
  }

  /** Takes all files in, if there is doubt whether the index agrees with them. */
  reconcileSoon(): void {
    const { background, layout, reconciliation, tables } = this.#options;
    if (this.#isReconciling || tables().isComplete) return;
    this.#isReconciling = true;
    background.run('taking files into the index', async (signal) => {
      try {
        while (!signal.aborted && !tables().isComplete) {
          const run = this.#runOf(signal, { share: DUTY });
          await this.#unlessReplaced(() => reconciliation.run(foundFiles(layout, run), run));
          if (run.counts.failed > 0) return;
        }
      } finally {
        this.#isReconciling = false;
      }
    });
  }

  /** Does both now, whether there is doubt or not. */
  async run(run: ProcessRun, files: AsyncIterable<readonly FoundFile[]>): Promise<void> {
    const { recovery, reconciliation, tables } = this.#options;
    await recovery.run(tables(), run);
    await reconciliation.run(files, run);
  }

  /** Tables that somebody has taken away are closed while they are read; what is in the new ones is another matter. */
  async #unlessReplaced(work: () => Promise<void>): Promise<void> {
    const tables = this.#options.tables();
    try {
      await work();
    } catch (error) {
      if (this.#options.tables() === tables) throw error;
    }
  }

  #runOf(signal: AbortSignal, rate: MaintenanceRate): ProcessRun {
    return new ProcessRun({ signal, rate, dryRun: false, isAwaited: false, report: this.#options.report });
  }
}

/** The files of entries, looked at one by one. */
async function* foundFiles(layout: Layout, run: ProcessRun): AsyncGenerator<readonly FoundFile[]> {
  const { signal, counts } = run;
  for (const kind of KINDS)
    for await (const { key, path } of walk(layout, { kind, signal })) {
      const state = key && (await stateOf(path));
      await run.proceed();
      if (key === undefined || state === undefined) continue;
      counts.examined += 1;
      yield [{ key, ...state }];
    }
}
