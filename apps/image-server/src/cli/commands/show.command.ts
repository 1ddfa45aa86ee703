import { Option, SubCommand } from 'nest-commander';
import { printable, type Warmth } from 'nestjs-image-cache';
import { CliError } from '../cli-error.js';
import type { CachedEntry, CacheManagement, ImageDescription } from '../management/cache-management.js';
import type { QueueUse } from '../management/managed-stores.js';
import { count, size, things, time } from '../output/quantities.js';
import type { Column } from '../output/table.js';
import { ManagingCommand, type Call, type ManagingOptions } from './managing-command.js';
import { identifierOf } from './option-values.js';

interface Options extends ManagingOptions {
  readonly warm?: boolean;
}

const COLUMNS: readonly Column<CachedEntry>[] = [
  { title: 'Entry', value: ({ kind, operations }) => operations ?? kind, mayBeCut: true },
  { title: 'Size', value: (entry) => size(entry.size), align: 'right' },
  { title: 'Cached (UTC)', value: ({ createdAt }) => time(createdAt) },
  { title: 'Last Accessed (UTC)', value: ({ lastAccess }) => time(lastAccess) },
  { title: 'Hits', value: ({ hits }) => (hits === undefined ? '-' : count(hits)), align: 'right' },
];

/** Tells what there is of an image. */
@SubCommand({
  name: 'show',
  arguments: '<identifier>',
  argsDescription: { identifier: 'the image, as it is called; nothing in it is decoded' },
  description: 'tells what there is of an image: its entries, its place in the queue, whether it is warm',
})
export class ShowCommand extends ManagingCommand<Options> {
  protected override readonly queue: QueueUse = 'look';

  protected readonly help = {
    examples: [
      ['show maps/paris.tif', 'what there is; ends with 1 when nothing is known of it'],
      ['show --warm maps/paris.tif', 'ends with 1, too, when something is missing of what is prefetched'],
    ],
  } as const;

  @Option({
    flags: '--warm',
    description: 'ends with 1 unless all is cached that would be prefetched of it',
  })
  parseWarm(): boolean {
    return true;
  }

  protected async manage(management: CacheManagement, { params, options }: Call<Options>): Promise<void> {
    const identifier = identifierOf(params);
    const found = await management.describe(identifier);
    if (found === undefined) throw new CliError(`${identifier}: nothing is known of such an image.`);
    if (options.json === true) this.terminal.printJson(found);
    else this.#show(found);
    if (options.warm === true) requireWarm(identifier, found.warmth);
  }

  #show({ identifier, state, entries, bytes, info, job, warmth }: ImageDescription): void {
    const counted = `${things(entries.length, 'entry', 'entries')}, ${size(bytes)}`;
    this.terminal.print(`${printable(identifier)}: ${state}, ${counted}`);
    if (info !== undefined)
      this.terminal.print(printable(`Image: ${info.format}, ${count(info.width)} × ${count(info.height)} pixels`));
    if (job !== undefined) {
      const failed = job.error === undefined ? '' : `; ${things(job.attempts, 'failure')}: ${job.error}`;
      this.terminal.print(printable(`Queue: ${job.state} since ${time(job.queuedAt)}${failed}`));
    }
    if (warmth !== undefined) this.terminal.print(printable(`Warm: ${warmthOf(warmth)}`));
    if (entries.length > 0) this.terminal.printTable(entries, COLUMNS);
  }
}

function warmthOf(warmth: Warmth): string {
  return warmth.isWarm ? 'yes' : `no; missing: ${missingOf(warmth).join(', ')}`;
}

function missingOf({ info, source, variants }: Warmth): readonly string[] {
  const missing = Object.entries(variants).flatMap(([variant, isThere]) => (isThere ? [] : [variant]));
  return [...(source === false ? ['original'] : []), ...(info ? [] : ['info']), ...missing];
}

/** @throws CliError when it is not, or nobody knows */
function requireWarm(identifier: string, warmth: Warmth | undefined): void {
  if (warmth === undefined)
    throw new CliError('--warm: nothing is prefetched here; cache.server.prefetch.enabled switches it on.');
  if (!warmth.isWarm) throw new CliError(`${identifier}: is not warm; missing: ${missingOf(warmth).join(', ')}.`);
}
