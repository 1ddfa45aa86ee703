import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  createImageCache,
  filesystemStore,
  ImageCache,
  type ImageCacheOptions,
  type StoreFactory,
} from 'nestjs-image-cache';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { MuseumModule } from './museum.controller.js';

/** Every request renders: for tests of what the handlers make. */
export const CACHE_OFF: ImageCacheOptions = { variant: false, info: false, heapInfo: false };

/** In memory: for tests of what is cached and evicted. Nothing outlives the application. */
export const IN_MEMORY: ImageCacheOptions = { variant: {} };

/** The application as it is, but for the options of its cache. */
export async function startMuseum(options: ImageCacheOptions): Promise<INestApplication> {
  const module = await Test.createTestingModule({ imports: [MuseumModule] })
    .overrideProvider(ImageCache)
    .useFactory({ factory: () => createImageCache(options) })
    .compile();
  const app = module.createNestApplication();
  await app.listen(0, '127.0.0.1');
  return app;
}

/** In memory, with a time that only the test moves: `await clock.advance(86_400_000)`. */
export async function startMuseumWithClock() {
  const clock = new FakeClock();
  const app = await startMuseum({ clock, variant: { ttl: '1d' } });
  return { app, clock, cache: app.get(ImageCache) };
}

/** In files, through a store that fails when it is told to: `chaos.fail('read')`. */
export async function startMuseumWithTrouble(directory: string) {
  const made: ChaosStore[] = [];
  const store: StoreFactory = (context) => {
    const chaos = new ChaosStore(filesystemStore({ directory })(context), context.clock);
    made.push(chaos);
    return chaos;
  };
  const app = await startMuseum({ variant: { store } });
  const [chaos] = made;
  if (chaos === undefined) throw new Error('The cache has made no store.');
  return { app, chaos };
}
