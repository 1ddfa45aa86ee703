import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createPrefetcher, ImageCache, type DefaultPrefetcher, type Prefetcher } from 'nestjs-image-cache';
import { IiifModule, ImageService, type OriginalSource } from 'nestjs-iiif';
import { iiifOptions } from '../../configuration/iiif-options.js';
import type { Settings } from '../../configuration/known-keys.js';
import { queueDirectory } from '../../configuration/prefetch-conditions.js';
import { prefetchOptions } from '../../configuration/prefetch-options.js';
import { SETTINGS, settingsModule } from '../../configuration/settings.module.js';
import type { StoreUse } from '../../configuration/stores.js';
import { ORIGINAL_SOURCE, SourceModule } from '../../source/source.module.js';
import { CliError } from '../cli-error.js';
import { Complaints, forOneCommand, requireKept } from './configured-cache.js';

/** The queue of a configuration, and the cache that it fills. */
export interface ConfiguredQueue {
  readonly cache: ImageCache;
  readonly prefetcher: Prefetcher;
  close(): Promise<void>;
}

/** The image server without its address, its worker and its levels in memory. */
@Module({})
class QueueModule {
  static async of(settings: Settings, use: StoreUse): Promise<DynamicModule> {
    const iiif = IiifModule.forRootAsync({
      imports: [SourceModule],
      inject: [SETTINGS, ORIGINAL_SOURCE],
      useFactory: (given: Settings, source: OriginalSource) => iiifOptions(given, source, use),
    });
    return { module: QueueModule, imports: [await settingsModule(settings), iiif] };
  }
}

/** Whether a configuration has a queue that can be managed without its server. */
export function hasConfiguredQueue(settings: Settings): boolean {
  return settings['cache.server.prefetch.enabled'] && queueDirectory(settings) !== undefined;
}

/**
 * Opens the queue of a configuration; a server may be working it off at the same time.
 *
 * @throws CliError, ConfigurationError or ImageCacheError when it cannot be used from here
 */
export async function openConfiguredQueue(settings: Settings, use: StoreUse): Promise<ConfiguredQueue> {
  if (!settings['cache.server.prefetch.enabled'])
    throw new CliError('cache.server.prefetch.enabled: is false; this configuration has no queue.');
  if (queueDirectory(settings) === undefined)
    throw new CliError(
      'cache.server.prefetch.pathname: is not set; the queue is in the memory of its server (--server).',
    );
  // What is queued may be the first that is cached there.
  await requireKept(settings, { mayBeEmpty: true });
  const logger = new Complaints();
  // Nest declares its options as a class and takes every object of that shape.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  const context = await NestFactory.createApplicationContext(await QueueModule.of(forOneCommand(settings), use), {
    logger,
    abortOnError: false,
  });
  const cache = context.get(ImageCache, { strict: false });
  let prefetcher: DefaultPrefetcher;
  try {
    const images = context.get(ImageService, { strict: false });
    prefetcher = await createPrefetcher(prefetchOptions(settings, images, cache), { cache });
  } catch (error) {
    await context.close();
    throw error;
  }
  logger.open();
  return {
    cache,
    prefetcher,
    close: async () => {
      await prefetcher.close();
      await context.close();
    },
  };
}
