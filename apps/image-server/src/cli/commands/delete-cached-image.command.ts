import { SubCommand } from 'nest-commander';
import { printable } from 'nestjs-image-cache';
import { CliError } from '../cli-error.js';
import type { CacheManagement } from '../management/cache-management.js';
import { entries, entriesAndSize, isNone } from '../output/counted.js';
import { size } from '../output/quantities.js';
import { DeletingCommand, type DeletingOptions, type DeletingQuestion } from './deleting-command.js';
import type { Call } from './managing-command.js';
import { identifierOf } from './option-values.js';

/** Deletes what is cached of an image. */
@SubCommand({
  name: 'delete-cached-image',
  arguments: '<identifier>',
  argsDescription: { identifier: 'the image, as it is called; nothing in it is decoded' },
  description: 'deletes what is cached of an image',
})
export class DeleteCachedImageCommand extends DeletingCommand {
  protected readonly help = {
    examples: [
      ['delete-cached-image maps/paris.tif', 'asks, and deletes its info and variants'],
      ['delete-cached-image --dry-run maps/paris.tif', 'counts them'],
      ['delete-cached-image -f -- -odd-name.tif', 'does not ask; after -- nothing is an option'],
    ],
  } as const;

  protected async question(management: CacheManagement, { params }: Call<DeletingOptions>): Promise<DeletingQuestion> {
    const identifier = identifierOf(params);
    const counts = await management.countOf(identifier);
    const counted = isNone(counts) ? '' : `: ${entriesAndSize(counts)}`;
    return {
      consequence: 'the next requests for this image go to the source, and its pictures are rendered anew.',
      question: `Delete all that is cached of ${identifier}${counted}?`,
    };
  }

  protected async foresee(management: CacheManagement, { params, options }: Call<DeletingOptions>): Promise<void> {
    const identifier = identifierOf(params);
    const counts = await management.countOf(identifier);
    if (isNone(counts)) throw nothingCached(identifier);
    if (options.json === true) this.terminal.printJson({ identifier, ...counts, dryRun: true });
    else this.terminal.print(`Would delete ${entries(counts)} of ${printable(identifier)}: ${size(counts.bytes)}.`);
  }

  protected async delete(management: CacheManagement, { params, options }: Call<DeletingOptions>): Promise<void> {
    const identifier = identifierOf(params);
    if (!(await management.evict(identifier))) throw nothingCached(identifier);
    if (options.json === true) this.terminal.printJson({ identifier, deleted: true });
    else this.terminal.print(`Nothing is cached of ${printable(identifier)} any more.`);
  }
}

function nothingCached(identifier: string): CliError {
  return new CliError(`${identifier}: nothing is cached of such an image.`);
}
