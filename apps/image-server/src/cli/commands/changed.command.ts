import { Option, SubCommand } from 'nest-commander';
import { CliError } from '../cli-error.js';
import type { CacheManagement, ChangedCounts } from '../management/cache-management.js';
import type { QueueUse } from '../management/managed-stores.js';
import { entriesAndSize } from '../output/counted.js';
import { things } from '../output/quantities.js';
import { LIST, imagesOfList } from './image-lists.js';
import { ManagingCommand, type Call, type ManagingOptions } from './managing-command.js';
import { identifierOf } from './option-values.js';

interface Options extends ManagingOptions {
  readonly dryRun?: boolean;
  readonly from?: string;
}

/** Says that source images have changed. */
@SubCommand({
  name: 'changed',
  arguments: '[identifiers...]',
  argsDescription: { identifiers: 'the images, as they are called; nothing in them is decoded' },
  description: 'says that images have changed: deletes what is cached of them, and queues again what was there',
})
export class ChangedCommand extends ManagingCommand<Options> {
  protected override readonly queue: QueueUse = 'any';

  protected readonly help = {
    examples: [
      ['changed maps/paris.tif maps/rome.tif', 'deletes what is cached of both, and has it rendered anew'],
      ['changed --dry-run maps/paris.tif', 'counts what would be deleted'],
      ['changed --from list.txt', 'the images whose names stand in a file, one in a line'],
    ],
  } as const;

  @Option({ flags: '--dry-run', description: 'counts what would be deleted and queued, and changes nothing' })
  parseDryRun(): boolean {
    return true;
  }

  @Option({
    flags: '--from <file>',
    description: LIST,
  })
  parseFrom(value: string): string {
    return value;
  }

  protected async manage(management: CacheManagement, { params, options, signal }: Call<Options>): Promise<void> {
    const { dryRun = false, json = false } = options;
    const identifiers = await namedImages(params.flat(), options.from);
    const counts = await this.showing({ title: 'Evicting', steps: [] }, options, (onProgress) =>
      management.changed(identifiers, { dryRun, signal, onProgress }),
    );
    if (json) this.terminal.printJson({ ...counts, ...(dryRun && { dryRun }) });
    else this.terminal.print(told(counts, { images: identifiers.length, dryRun }));
  }
}

async function namedImages(params: readonly string[], from: string | undefined): Promise<readonly string[]> {
  if ((params.length === 0) === (from === undefined))
    throw new CliError('Which images? Name them, or give a list of them with --from.');
  if (from !== undefined) return imagesOfList(from);
  return [...new Set(params.map((identifier) => identifierOf([identifier])))];
}

function told(
  { evicted, requeued }: ChangedCounts,
  { images, dryRun }: { readonly images: number; readonly dryRun: boolean },
): string {
  const did = dryRun ? 'Would delete' : 'Deleted';
  const queued = dryRun ? 'would be queued' : requeued === 1 ? 'is queued' : 'are queued';
  const again = requeued > 0 ? `; ${things(requeued, 'variant')} ${queued} to be rendered anew` : '';
  return `${did} ${entriesAndSize(evicted)} of ${things(images, 'image')}${again}.`;
}
