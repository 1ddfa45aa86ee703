import { Option, SubCommand } from 'nest-commander';
import { RANKINGS, type Kind } from 'nestjs-image-cache';
import type { CachedEntry, CacheManagement } from '../management/cache-management.js';
import { CliError } from '../cli-error.js';
import { count, size, time } from '../output/quantities.js';
import type { Column } from '../output/table.js';
import { ListingCommand, PAGE, type ListingOptions } from './listing-command.js';
import type { Call } from './managing-command.js';
import { oneOf } from './option-values.js';

const KINDS = ['info', 'variant', 'source'] as const satisfies readonly Kind[];
const ORDERS = ['id', 'lastAccess', ...RANKINGS] as const;

const COLUMNS: readonly Column<CachedEntry>[] = [
  { title: 'ID', value: ({ identifier }) => identifier, mayBeCut: true },
  { title: 'Last Accessed (UTC)', value: ({ lastAccess }) => time(lastAccess) },
  { title: 'Last Modified (UTC)', value: ({ createdAt }) => time(createdAt) },
  { title: 'Size', value: (entry) => size(entry.size), align: 'right' },
  { title: 'Hits', value: ({ hits }) => (hits === undefined ? '-' : count(hits)), align: 'right' },
  { title: 'Entry', value: ({ kind, operations }) => operations ?? kind, mayBeCut: true },
];

interface Options extends ListingOptions {
  readonly kind?: Kind;
  readonly order?: (typeof ORDERS)[number];
}

/** Lists what is cached. */
@SubCommand({ name: 'list-cached', description: 'lists what is cached' })
export class ListCachedCommand extends ListingCommand<Options> {
  protected readonly help = {
    examples: [
      ['list-cached', 'the first 100 entries'],
      ['list-cached --order lastAccess', 'those first that nobody has asked for longest'],
      ['list-cached --order hits --limit 20', 'the twenty that are asked for most; all entries are looked at'],
      ['list-cached --kind source --json', 'the originals, for a program'],
    ],
  } as const;

  @Option({ flags: '--kind <kind>', description: 'lists one kind', choices: [...KINDS] })
  parseKind(value: string): Kind {
    return oneOf('--kind', value, KINDS);
  }

  @Option({
    flags: '--order <order>',
    description: 'lists by id, or the least recently used first; or those with most hits, the largest, the newest',
    choices: [...ORDERS],
  })
  parseOrder(value: string): Options['order'] {
    return oneOf('--order', value, ORDERS);
  }

  protected async manage(management: CacheManagement, { options, signal }: Call<Options>): Promise<void> {
    const { kind, order, after, limit = PAGE, json = false } = options;
    if (after !== undefined && RANKINGS.some((each) => each === order))
      throw new CliError(`--after: by ${order}, there is one page only; ask for more with --limit.`);
    const page = await management.entries({ kind, order, after, limit, signal });
    if (json) {
      this.terminal.printJson(page);
      return;
    }
    this.terminal.printTable(page.entries, COLUMNS);
    if (page.partial === true)
      this.terminal.tell('Not all entries may be listed: the index is being made anew. --order id has all of them.');
    this.tellNext(page.next);
  }
}
