import { Option, SubCommand } from 'nest-commander';
import { CliError } from '../cli-error.js';
import type { CacheManagement } from '../management/cache-management.js';
import type { QueueAllRequest, QueuedCounts } from '../management/queue-management.js';
import { things } from '../output/quantities.js';
import { LIST, imagesOfList, imagesOfManifest } from './image-lists.js';
import type { Call } from './managing-command.js';
import { QueuingCommand, type QueuingOptions } from './queuing-command.js';

interface Options extends QueuingOptions {
  readonly from?: string;
  readonly folder?: string;
  readonly manifest?: string;
  readonly baseUri?: string;
}

/** Queues many images for being prefetched. */
@SubCommand({
  name: 'queue-images',
  description: 'queues many images for being cached before they are asked for',
})
export class QueueImagesCommand extends QueuingCommand<Options> {
  protected readonly help = {
    examples: [
      ['queue-images --folder maps', 'all images in a folder of the source, and in the folders in it'],
      ['queue-images --manifest https://example.org/atlas/manifest.json', 'the images that a manifest shows'],
      ['queue-images --from list.txt', 'the images whose names stand in a file, one in a line'],
      ['find . -name "*.tif" | cut -c3- | image-server cache queue-images --from -', 'or that another program names'],
    ],
  } as const;

  @Option({
    flags: '--from <file>',
    description: LIST,
  })
  parseFrom(value: string): string {
    return value;
  }

  @Option({ flags: '--folder <path>', description: 'takes all images in this folder of the source' })
  parseFolder(value: string): string {
    return value;
  }

  @Option({ flags: '--manifest <file>', description: 'takes the images of this IIIF manifest: a file, or an address' })
  parseManifest(value: string): string {
    return value;
  }

  @Option({ flags: '--base-uri <uri>', description: 'takes of the manifest only what is below this address' })
  parseBaseUri(value: string): string {
    return value;
  }

  protected async manage(management: CacheManagement, { options, signal }: Call<Options>): Promise<void> {
    const images = await imagesOf(options, signal);
    const { variant: variants, priority, json = false } = options;
    const counts = await this.showing({ title: 'Queuing', steps: [] }, options, (onProgress) =>
      management.queue.enqueueAll({ images, variants, priority }, { signal, onProgress }),
    );
    if (json) this.terminal.printJson(counts);
    else this.terminal.print(told(counts));
  }
}

async function imagesOf(
  { from, folder, manifest, baseUri }: Options,
  signal: AbortSignal,
): Promise<QueueAllRequest['images']> {
  const given = [from, folder, manifest].filter((each) => each !== undefined);
  if (given.length !== 1 || given[0] === '')
    throw new CliError('Which images? Give one of --from, --folder and --manifest.');
  if (baseUri !== undefined && manifest === undefined) throw new CliError('--base-uri: is for a --manifest.');
  if (folder !== undefined) return { folder };
  if (manifest !== undefined) return { identifiers: await imagesOfManifest(manifest, { baseUri, signal }) };
  return { identifiers: await imagesOfList(from ?? '-') };
}

function told({ queued, alreadyQueued, writing, cached, omittedFolders = 0 }: QueuedCounts): string {
  const parts = [
    `${things(queued, 'image')} queued`,
    ...(alreadyQueued > 0 ? [`${alreadyQueued} queued before`] : []),
    ...(writing > 0 ? [`${writing} being cached`] : []),
    ...(cached > 0 ? [`${cached} cached already`] : []),
    ...(omittedFolders > 0 ? [`${things(omittedFolders, 'folder')} left out that may not be read`] : []),
  ];
  return `${parts.join(', ')}.`;
}
