import { SubCommand } from 'nest-commander';
import type { StoreUse } from '../../configuration/stores.js';
import { CliError } from '../cli-error.js';
import type { CacheManagement } from '../management/cache-management.js';
import type { Prefetched } from '../management/queue-management.js';
import { duration, things } from '../output/quantities.js';
import type { QueueUse } from '../management/managed-stores.js';
import { ManagingCommand, type Call, type ManagingOptions } from './managing-command.js';

/** Works the queue off. */
@SubCommand({ name: 'prefetch', description: 'caches the images in the queue now, without waiting for the interval' })
export class PrefetchCommand extends ManagingCommand {
  protected override readonly queue: QueueUse = 'required';
  protected override readonly useOf = (): StoreUse => 'serve';

  protected readonly help = {
    examples: [
      ['prefetch', 'works the queue off; ends with 1 when images were given up, or it is paused'],
      ['prefetch --json', 'and reports to a program'],
    ],
  } as const;

  protected async manage(management: CacheManagement, { options, signal }: Call<ManagingOptions>): Promise<void> {
    const report = await this.showing({ title: 'Prefetching', steps: [] }, options, (onProgress) =>
      management.queue.prefetch({ signal, onProgress }),
    );
    if (options.json === true) this.terminal.printJson(report);
    else this.terminal.print(told(report));
    if (signal.aborted) return;
    if (report.aborted && (await management.queue.status()).isPaused)
      throw new CliError('Prefetching is paused; image-server cache resume has it go on.');
    if (report.dead > 0)
      throw new CliError(
        `${things(report.dead, 'image')} given up; image-server cache list-queued --state dead says why.`,
      );
  }
}

function told({ completed, retried, dead, rendered, cached, omitted, aborted, ...report }: Prefetched): string {
  const parts = [
    `${things(completed, 'image')} prefetched`,
    ...(retried > 0 ? [`${retried} to be tried again`] : []),
    ...(dead > 0 ? [`${dead} given up`] : []),
    `${rendered} rendered and ${cached} cached before`,
    ...(omitted > 0 ? [`${things(omitted, 'variant')} left out that the images cannot have`] : []),
  ];
  return `${aborted ? 'Ended early: ' : ''}${parts.join(', ')}, in ${duration(report.duration)}.`;
}
