import { Module, type DynamicModule } from '@nestjs/common';
import { access } from 'node:fs/promises';
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

/** How a queue is opened. */
export interface QueueOpening {
  /** Whether its directory is made where it is not there; else, there is nothing in the queue. */
  readonly isMade: boolean;
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
export async function openConfiguredQueue(
  settings: Settings,
  use: StoreUse,
  { isMade }: QueueOpening,
): Promise<ConfiguredQueue> {
  const path = requiredDirectory(settings);
  const isThere = isMade || (await exists(path));
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
    const { directory, ...options } = prefetchOptions(settings, images, cache);
    prefetcher = await createPrefetcher({ ...options, ...(isThere && directory && { directory }) }, { cache });
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

/** @throws CliError when there is no queue that can be managed from here */
function requiredDirectory(settings: Settings): string {
  if (!settings['cache.server.prefetch.enabled'])
    throw new CliError('cache.server.prefetch.enabled: is false; this configuration has no queue.');
  const path = queueDirectory(settings);
  if (path !== undefined) return path;
  throw new CliError(
    'cache.server.prefetch.pathname: is not set; the queue is in the memory of its server (--server).',
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
