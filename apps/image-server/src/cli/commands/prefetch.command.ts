import { SubCommand } from 'nest-commander';
import type { StoreUse } from '../../configuration/stores.js';
import type { CacheManagement, Prefetched } from '../management/cache-management.js';
import { duration, things } from '../output/quantities.js';
import { ManagingCommand, type Call, type ManagingOptions } from './managing-command.js';

/** Works the queue off. */
@SubCommand({ name: 'prefetch', description: 'caches the images in the queue now, without waiting for the interval' })
export class PrefetchCommand extends ManagingCommand {
  protected override readonly isAboutQueue = true;
  protected override readonly useOf = (): StoreUse => 'serve';

  protected readonly help = {
    examples: [
      ['prefetch', 'works the queue off'],
      ['prefetch --json', 'and reports to a program'],
    ],
  } as const;

  protected async manage(management: CacheManagement, { options, signal }: Call<ManagingOptions>): Promise<void> {
    const report = await this.showing({ title: 'Prefetching', steps: [] }, options, (onProgress) =>
      management.prefetch({ signal, onProgress }),
    );
    if (options.json === true) this.terminal.printJson(report);
    else this.terminal.print(told(report));
  }
}

function told({ completed, retried, dead, rendered, cached, aborted, ...report }: Prefetched): string {
  const parts = [
    `${things(completed, 'image')} prefetched`,
    ...(retried > 0 ? [`${retried} to be tried again`] : []),
    ...(dead > 0 ? [`${dead} given up`] : []),
    `${rendered} rendered and ${cached} cached before`,
  ];
  return `${aborted ? 'Ended early: ' : ''}${parts.join(', ')}, in ${duration(report.duration)}.`;
}
