import { createKeyv } from '@keyv/redis';
import { once } from 'node:events';
import { postgresCache } from '../../../docs/examples/postgres-cache.js';
import { cacheManagerStore } from '../../../libs/image-cache/src/stores/cache-manager/cache-manager-store.js';
import { createImageCache } from '../../../libs/image-cache/src/service/create-image-cache.js';
import { imageInfo } from '../../support/image-info.js';

// Uses a cache on a server, and closes it when it is told to. Nothing keeps the process then.
const [url = ''] = process.argv.slice(2);
const keyv = url.startsWith('redis:')
  ? createKeyv({ url, disableOfflineQueue: true }, { throwOnErrors: true })
  : postgresCache(url);
const store = cacheManagerStore({ cache: keyv, disconnect: true });
const cache = await createImageCache({
  info: { store },
  variant: { store },
  heapInfo: false,
  drain: '1s',
  stores: { timeout: '200ms', writeTimeout: '500ms' },
});

async function ask(): Promise<void> {
  const info = await cache.infos.getOrRead('image', () => Promise.resolve(imageInfo()));
  const { body } = await cache.variants.getOrRender({ identifier: 'image', operations: 'max' }, () =>
    Promise.resolve({ body: Buffer.from('picture'), contentType: 'image/jpeg' }),
  );
  const whole = Buffer.isBuffer(body) ? body.toString() : 'a stream';
  process.stdout.write(`${JSON.stringify([info.width, whole])}\n`);
}

await ask();
await once(process.stdin, 'data');
await ask();
await cache.close();
process.stdout.write('"closed"\n');
process.stdin.destroy();
