import { SubCommand } from 'nest-commander';
import type { EvictedCounts } from 'nestjs-image-cache';
import type { CacheManagement } from '../management/cache-management.js';
import { size, things } from '../output/quantities.js';
import { DeletingCommand, type DeletingOptions, type DeletingQuestion } from './deleting-command.js';
import type { Call } from './managing-command.js';

/** Deletes everything that is cached. */
@SubCommand({ name: 'delete-all-cached-images', description: 'deletes everything that is cached' })
export class DeleteAllCachedImagesCommand extends DeletingCommand {
  protected readonly help = {
    examples: [
      ['delete-all-cached-images', 'asks, and deletes'],
      ['delete-all-cached-images --force', 'does not ask; for scripts'],
    ],
  } as const;

  protected question(): DeletingQuestion {
    return {
      consequence:
        'the next request for every image goes to the source, and every picture is rendered anew; until the cache has ' +
        'filled again, answers take longer.',
      question: 'Delete everything that is cached?',
    };
  }

  protected async manage(management: CacheManagement, { options, signal }: Call<DeletingOptions>): Promise<void> {
    const counts = await this.showing({ title: 'Deleting', steps: [] }, options, (onProgress) =>
      management.evictAll({ signal, onProgress }),
    );
    if (options.json === true) this.terminal.printJson(counts);
    else this.terminal.print(deleted(counts));
  }
}

function deleted({ variants, infos, sources, bytes }: EvictedCounts): string {
  const parts = [
    things(variants, 'variant'),
    things(infos, 'info'),
    ...(sources > 0 ? [things(sources, 'original')] : []),
  ];
  return `Deleted ${parts.join(', ')}: ${size(bytes)}.`;
}
