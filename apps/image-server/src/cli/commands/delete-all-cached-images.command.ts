import { SubCommand } from 'nest-commander';
import type { CacheManagement, PurgedCounts } from '../management/cache-management.js';
import { countUsage } from '../management/shown.js';
import { entries, entriesAndSize } from '../output/counted.js';
import { size } from '../output/quantities.js';
import { DeletingCommand, type DeletingOptions, type DeletingQuestion } from './deleting-command.js';
import type { Call } from './managing-command.js';

const ENDED_EARLY =
  'Ended early: nothing is cached any more, but not all of its space has been given back; clean or sweep does the rest.';

/** Deletes everything that is cached. */
@SubCommand({ name: 'delete-all-cached-images', description: 'deletes everything that is cached' })
export class DeleteAllCachedImagesCommand extends DeletingCommand {
  protected readonly help = {
    examples: [
      ['delete-all-cached-images', 'asks, and deletes'],
      ['delete-all-cached-images --dry-run', 'counts what would go'],
      ['delete-all-cached-images --force', 'does not ask; for scripts'],
    ],
  } as const;

  protected async question(management: CacheManagement): Promise<DeletingQuestion> {
    const usage = await management.knownUsage();
    const counted = usage === undefined ? '' : `: ${entriesAndSize(countUsage(usage))}`;
    return {
      consequence:
        'the next request for every image goes to the source, and every picture is rendered anew; until the cache has ' +
        'filled again, answers take longer.',
      question: `Delete everything that is cached${counted}?`,
    };
  }

  protected async foresee(management: CacheManagement, { options, signal }: Call<DeletingOptions>): Promise<void> {
    const counts = await this.showing({ title: 'Counting', steps: [] }, options, (onProgress) =>
      management.evictAll({ signal, onProgress, dryRun: true }),
    );
    this.#tell(options, { counts, told: 'Would delete', extra: { dryRun: true } });
  }

  protected async delete(management: CacheManagement, { options, signal }: Call<DeletingOptions>): Promise<void> {
    const counts = await this.showing({ title: 'Deleting', steps: [] }, options, (onProgress) =>
      management.evictAll({ signal, onProgress, dryRun: false }),
    );
    this.#tell(options, { counts, told: 'Deleted', extra: {} });
  }

  #tell(
    { json = false }: DeletingOptions,
    { counts, told, extra }: { readonly counts: PurgedCounts; readonly told: string; readonly extra: object },
  ): void {
    if (json) this.terminal.printJson({ ...counts, ...extra });
    else this.terminal.print(`${told} ${entries(counts)}: ${size(counts.bytes)}.`);
    if (counts.aborted === true) this.terminal.tell(ENDED_EARLY);
  }
}
