import { Option, SubCommand } from 'nest-commander';
import { CliError } from '../cli-error.js';
import type { CacheManagement, Queued } from '../management/cache-management.js';
import { printable } from '../output/printable.js';
import { ManagingCommand, type Call, type ManagingOptions } from './managing-command.js';
import { identifierOf, wholeNumber } from './option-values.js';

const OUTCOMES: Readonly<Record<Queued['status'], string>> = {
  queued: 'is queued for being prefetched.',
  'already-queued': 'is queued already.',
  writing: 'is being cached already.',
  cached: 'is cached already.',
};

interface Options extends ManagingOptions {
  readonly variant?: readonly string[];
  readonly priority?: number;
}

/** Queues an image for being prefetched. */
@SubCommand({
  name: 'queue-image',
  arguments: '<identifier>',
  argsDescription: { identifier: 'the image, as it is called; nothing in it is decoded' },
  description: 'queues an image for being cached before it is asked for',
})
export class QueueImageCommand extends ManagingCommand<Options> {
  protected readonly help = {
    examples: [
      ['queue-image maps/paris.tif', 'with the configured variants'],
      ['queue-image maps/paris.tif --variant full/400,/0/default.jpg', 'with this one'],
      ['queue-image --priority 5 -- -odd-name.tif', 'before others; after -- nothing is an option'],
    ],
  } as const;

  @Option({
    flags: '--variant <parameters>',
    description: 'caches this variant, not the configured ones; may be repeated',
  })
  parseVariant(value: string, previous: readonly string[] = []): readonly string[] {
    if (value === '') throw new CliError('--variant: is empty; write it as full/400,/0/default.jpg.');
    return [...previous, value];
  }

  @Option({ flags: '--priority <number>', description: 'goes before those with a smaller number (default: 0)' })
  parsePriority(value: string): number {
    return wholeNumber('--priority', value, { min: -1000, max: 1000 });
  }

  protected async manage(management: CacheManagement, { params, options }: Call<Options>): Promise<void> {
    const identifier = identifierOf(params);
    const { variant: variants, priority, json = false } = options;
    const queued = await management.enqueue({ identifier, variants, priority });
    if (json) this.terminal.printJson(queued);
    else this.terminal.print(`${printable(identifier)} ${OUTCOMES[queued.status]}`);
  }
}
