import { Option } from 'nest-commander';
import type { StepReport, SweepReport } from 'nestjs-image-cache';
import type { StoreUse } from '../../configuration/stores.js';
import { CliError } from '../cli-error.js';
import type { CacheManagement, CacheStatus, Upkeep } from '../management/cache-management.js';
import { count, duration, size, things } from '../output/quantities.js';
import type { Column } from '../output/table.js';
import { ManagingCommand, type Call, type ManagingOptions } from './managing-command.js';

const COLUMNS: readonly Column<StepReport>[] = [
  { title: 'Step', value: ({ step }) => step },
  { title: 'Looked at', value: ({ examined }) => count(examined), align: 'right' },
  { title: 'Removed', value: ({ removed }) => count(removed), align: 'right' },
  { title: 'Size', value: ({ bytes }) => size(bytes), align: 'right' },
  { title: 'Failed', value: ({ failed }) => count(failed), align: 'right' },
  { title: 'Took', value: (report) => duration(report.duration), align: 'right' },
];

/** Shown when there is something to be said. */
const NOTE: Column<StepReport> = {
  title: 'Note',
  value: ({ stopped, failure }) => stopped ?? failure ?? '',
  mayBeCut: true,
};

interface Options extends ManagingOptions {
  readonly dryRun?: boolean;
}

/** A command that does steps of maintenance. */
export abstract class UpkeepCommand extends ManagingCommand<Options> {
  protected abstract readonly which: Upkeep;
  protected abstract readonly steps: readonly string[];

  @Option({ flags: '--dry-run', description: 'counts what would be removed, and removes nothing' })
  parseDryRun(): boolean {
    return true;
  }

  /** To clean up needs no bounds; a dry run is not to have an effect by what it opens. */
  protected override readonly useOf = ({ dryRun = false }: Options): StoreUse => {
    if (this.which === 'clean') return 'look';
    return dryRun ? 'count' : 'upkeep';
  };

  protected async manage(management: CacheManagement, { options, signal }: Call<Options>): Promise<void> {
    const { which, steps } = this;
    const { dryRun = false, json = false } = options;
    const report = await this.showing({ title: 'Sweeping', steps }, options, (onProgress) =>
      management.upkeep(which, { signal, onProgress, dryRun }),
    );
    const { steps: done, skipped = [] } = report;
    if (json) this.terminal.printJson(report);
    if (done.length === 0 && skipped.length > 0)
      throw new CliError(`Nothing has been done: another process is sweeping ${skipped.join(', ')}; try again later.`);
    if (json) return;
    this.#show(report);
    if (which === 'prune' && !dryRun) this.#tellLeft((await management.status()).usage);
  }

  #tellLeft(usage: CacheStatus['usage']): void {
    if (usage === undefined) return;
    const all = Object.values(usage);
    const entries = all.reduce((sum, each) => sum + each.entries, 0);
    this.terminal.print(
      `Left: ${things(entries, 'entry', 'entries')}, ${size(all.reduce((sum, each) => sum + each.bytes, 0))}.`,
    );
  }

  #show({ steps, dryRun, aborted, skipped = [] }: SweepReport): void {
    const isNoted = steps.some((step) => NOTE.value(step) !== '');
    this.terminal.printTable(steps, isNoted ? [...COLUMNS, NOTE] : COLUMNS);
    if (dryRun) this.terminal.tell('A dry run: nothing has been removed.');
    if (skipped.length > 0) this.terminal.tell(`Left out, since another process is sweeping: ${skipped.join(', ')}.`);
    if (aborted) this.terminal.tell('Ended early: not all has been looked at.');
  }
}
