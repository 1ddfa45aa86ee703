import { keyString } from '../../../keys/entry-keys.js';
import type { FoundFile } from '../files/walk.js';
import { KINDS } from '../listing.js';
import type { ProcessRun } from '../upkeep/process-run.js';
import { StepEnd } from '../upkeep/step-run.js';
import { adoptDiscarded, type DiscardedFilesOptions } from './discarded-files.js';
import { EntryIndex, type IndexedEntry } from './entry-index.js';
import type { IndexTables } from './index-tables.js';

/** What a {@link Reconciliation} depends on. */
export type ReconciliationOptions = DiscardedFilesOptions;

/**
 * Makes the index agree with the files. Both come in the order of the keys, and are gone through side by side; where they
 * differ, the file is looked at again, since it may have been published, replaced or evicted meanwhile.
 */
export class Reconciliation {
  readonly #options: ReconciliationOptions;

  constructor(options: ReconciliationOptions) {
    this.#options = options;
  }

  /**
   * Takes files in that the index does not know as they are, and entries out that have no file. What fails of a file is
   * counted, and the index then stays in doubt.
   *
   * @param files of all kinds, in the order of their keys
   */
  async run(files: AsyncIterable<readonly FoundFile[]>, run: ProcessRun): Promise<void> {
    const tables = this.#options.tables();
    const { doubts } = tables;
    try {
      await this.#compare(files, this.#records(tables), run);
      await adoptDiscarded(this.#options, run);
      this.#requireInUse(tables);
    } catch (error) {
      if (!(error instanceof StepEnd)) throw error;
      run.counts.stopped = error.reason;
      return;
    }
    if (!run.dryRun && run.counts.failed === 0) tables.setComplete(doubts);
  }

  /** Entries of all kinds, in the order of their keys, for as long as the index is the same. */
  *#records(tables: IndexTables): Generator<IndexedEntry, void> {
    const index = new EntryIndex(tables);
    for (const kind of KINDS)
      for (const record of index.byKey(kind)) {
        yield record;
        this.#requireInUse(tables);
      }
  }

  #requireInUse(tables: IndexTables): void {
    if (this.#options.tables() !== tables) throw new StepEnd('the index has been made anew meanwhile');
  }

  async #compare(
    files: AsyncIterable<readonly FoundFile[]>,
    records: Iterator<IndexedEntry, void>,
    run: ProcessRun,
  ): Promise<void> {
    let record = next(records);
    for await (const batch of files) {
      for (const file of batch) {
        const name = keyString(file.key);
        for (; record !== undefined && keyString(record.key) < name; record = next(records))
          await this.#drop(record, run);
        const isKnown = record !== undefined && keyString(record.key) === name;
        if (!this.#agree(file, isKnown ? record : undefined)) await this.#adopt(file, run);
        if (isKnown) record = next(records);
        await run.proceed(0);
      }
    }
    for (; record !== undefined; record = next(records)) await this.#drop(record, run);
  }

  /** The file is the clock of last access; what the index knows of it may be later, not earlier. */
  #agree({ size, mtimeMs }: FoundFile, record: IndexedEntry | undefined): boolean {
    return record?.stored === this.#options.records.onDisk(size) && record.at >= mtimeMs;
  }

  async #adopt({ key }: FoundFile, run: ProcessRun): Promise<void> {
    const { layout, records } = this.#options;
    await run.attempt(layout.file(key), async () => {
      if (await records.adopt(key, run)) run.adopted();
    });
  }

  async #drop({ key }: IndexedEntry, run: ProcessRun): Promise<void> {
    const { layout, records } = this.#options;
    await run.attempt(layout.file(key), () => {
      if (records.drop(key, run)) {
        run.counts.examined += 1;
        run.counts.removed += 1;
      }
      return Promise.resolve();
    });
    await run.proceed();
  }
}

function next(records: Iterator<IndexedEntry, void>): IndexedEntry | undefined {
  const step = records.next();
  return step.done === true ? undefined : step.value;
}
