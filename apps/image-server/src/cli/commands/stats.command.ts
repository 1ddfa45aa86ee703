import { SubCommand } from 'nest-commander';
import type { Kind, Usage } from 'nestjs-image-cache';
import type { CacheManagement, CacheStatus } from '../management/cache-management.js';
import { count, size } from '../output/quantities.js';
import type { Column } from '../output/table.js';
import { ManagingCommand, type Call, type ManagingOptions } from './managing-command.js';

interface Row {
  readonly what: string;
  readonly usage: Usage;
}

const NAMES: readonly (readonly [Kind, string])[] = [
  ['variant', 'variants'],
  ['info', 'infos'],
  ['source', 'originals'],
];

const COLUMNS: readonly Column<Row>[] = [
  { title: 'Kind', value: ({ what }) => what },
  { title: 'Entries', value: ({ usage }) => count(usage.entries), align: 'right' },
  { title: 'Size', value: ({ usage }) => size(usage.bytes), align: 'right' },
];

/** Tells what the cache holds. */
@SubCommand({ name: 'stats', description: 'tells what the cache holds, and how much it may' })
export class StatsCommand extends ManagingCommand {
  protected readonly help = {
    examples: [
      ['stats', 'entries and sizes'],
      ['stats --json', 'all that the server tells of itself'],
    ],
  } as const;

  protected async manage(management: CacheManagement, { options }: Call<ManagingOptions>): Promise<void> {
    const status = await management.status();
    if (options.json === true) this.terminal.printJson(status);
    else this.#show(status);
  }

  #show({ usage, bounds = {} }: CacheStatus): void {
    if (usage === undefined) this.terminal.tell('The server does not know yet what it holds; ask again later.');
    else
      this.terminal.printTable(
        NAMES.map(([kind, what]) => ({ what, usage: usage[kind] })),
        COLUMNS,
      );
    const { maxSize, maxEntries } = bounds;
    if (maxSize !== undefined) this.terminal.print(`May hold ${size(maxSize)}.`);
    if (maxEntries !== undefined) this.terminal.print(`May hold ${count(maxEntries)} entries.`);
  }
}
