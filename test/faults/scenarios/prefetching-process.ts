import { createInterface } from 'node:readline';
import type { RenderedImage, VariantIdentity } from 'nestjs-image-cache';
import { createPrefetcher } from '../../../libs/image-cache/src/prefetch/create-prefetcher.js';
import { createImageCache } from '../../../libs/image-cache/src/service/create-image-cache.js';
import { filesystemStore } from '../../../libs/image-cache/src/stores/filesystem/filesystem-store.js';

// Works a queue off, and tells of each render when it has begun and of each variant when it is in the store.
const [directory = '', concurrency = '1'] = process.argv.slice(2);

const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const render = ({ identifier, operations }: VariantIdentity): Promise<RenderedImage> => {
  tell({ renders: `${identifier}/${operations}` });
  return Promise.resolve({ body: Buffer.from(`${identifier} ${operations}`), contentType: 'image/jpeg' });
};

const cache = await createImageCache({
  renderer: { render },
  variant: { store: filesystemStore({ directory: `${directory}/cache` }) },
  worker: false,
});
const prefetcher = await createPrefetcher(
  { directory: `${directory}/queue`, concurrency: Number(concurrency) },
  { cache },
);
tell({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const {
    queue,
    variants = [],
    run,
    end,
  } = JSON.parse(line) as {
    readonly queue?: readonly string[];
    readonly variants?: readonly string[];
    readonly run?: true;
    readonly end?: true;
  };
  for (const identifier of queue ?? []) await prefetcher.enqueue({ identifier, variants });
  if (queue !== undefined) tell({ status: prefetcher.status() });
  if (run) tell({ report: await prefetcher.run() });
  if (end) break;
}
process.stdin.destroy();
await prefetcher.close();
await cache.close();
