import { ConfigurableModuleBuilder, type DynamicModule } from '@nestjs/common';
import type { ImageCacheOptions } from '../service/image-cache-options.js';
import { imageCacheProviders } from './image-cache-providers.js';
import { getCacheWorkerToken, getImageCacheToken } from './tokens.js';

/** What is said to the module beside the options of its cache. */
export interface ImageCacheModuleExtras {
  /** Whether all modules of the application can inject the cache. @default true */
  readonly isGlobal?: boolean;
  /** Name of the cache, where an application has several; the one that routes use by default has none. */
  readonly name?: string | undefined;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<ImageCacheOptions>({ moduleName: 'ImageCache' })
    .setExtras<ImageCacheModuleExtras>({ isGlobal: true, name: undefined }, extend)
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createImageCacheOptions')
    .build();

function extend(definition: DynamicModule, { isGlobal = true, name }: ImageCacheModuleExtras): DynamicModule {
  return {
    ...definition,
    global: isGlobal,
    providers: [...(definition.providers ?? []), ...imageCacheProviders(name, 'IMAGE_CACHE_MODULE_OPTIONS')],
    exports: [getImageCacheToken(name), getCacheWorkerToken(name)],
  };
}
