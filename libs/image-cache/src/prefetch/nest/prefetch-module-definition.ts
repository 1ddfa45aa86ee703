import { ConfigurableModuleBuilder, type DynamicModule, type Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { getImageCacheToken } from '../../nest/tokens.js';
import type { ImageCache } from '../../service/image-cache.js';
import { createPrefetcher } from '../create-prefetcher.js';
import type { DefaultPrefetcher } from '../default-prefetcher.js';
import type { PrefetchOptions } from '../prefetch-options.js';
import { prefetchTimes } from '../resolve-prefetch-options.js';
import { PrefetchSchedule } from './prefetch-schedule.js';
import { getPrefetcherToken } from './tokens.js';

/** Options of `ImagePrefetchModule`. */
export interface PrefetchModuleOptions extends PrefetchOptions {
  /** `false`: there is no prefetcher, and `undefined` is injected. @default true */
  readonly enabled?: boolean;
}

/** What is said to the module beside its options. */
export interface PrefetchModuleExtras {
  /** Whether all modules of the application can inject the prefetcher. @default true */
  readonly isGlobal?: boolean;
  /** Name of the cache that is filled, where it has one. */
  readonly cache?: string | undefined;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<PrefetchModuleOptions>({ moduleName: 'ImagePrefetch' })
    .setExtras<PrefetchModuleExtras>({ isGlobal: true, cache: undefined }, extend)
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createPrefetchOptions')
    .build();

function extend(definition: DynamicModule, { isGlobal = true, cache }: PrefetchModuleExtras): DynamicModule {
  return {
    ...definition,
    global: isGlobal,
    providers: [...(definition.providers ?? []), ...providersOf(cache)],
    exports: [getPrefetcherToken(cache)],
  };
}

function providersOf(cache: string | undefined): Provider[] {
  const token = getPrefetcherToken(cache);
  return [
    {
      provide: token,
      inject: ['IMAGE_PREFETCH_MODULE_OPTIONS', getImageCacheToken(cache)],
      useFactory: async ({ enabled = true, ...options }: PrefetchModuleOptions, filled: ImageCache) =>
        enabled ? createPrefetcher(options, { cache: filled }) : undefined,
    },
    {
      provide: PrefetchSchedule,
      inject: ['IMAGE_PREFETCH_MODULE_OPTIONS', token, ModuleRef],
      useFactory: (options: PrefetchModuleOptions, prefetcher: DefaultPrefetcher | undefined, moduleRef: ModuleRef) =>
        new PrefetchSchedule({
          prefetcher,
          times: prefetchTimes(options),
          directory: options.directory,
          moduleRef,
          cache,
        }),
    },
  ];
}
