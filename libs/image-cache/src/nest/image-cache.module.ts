import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ConfigurableModuleClass, type OPTIONS_TYPE } from './module-definition.js';
import { RouteExplorer } from './route-explorer.js';

/**
 * Gives an application an image cache. Without options: client hints, a heap info cache and 128 MB of variants in the
 * heap. Global unless `isGlobal` is false. An application that needs several gives them a `name`.
 */
@Module({ imports: [DiscoveryModule], providers: [RouteExplorer] })
export class ImageCacheModule extends ConfigurableModuleClass {
  /** Configures the cache; the options are checked when the application starts. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return super.forRoot(options);
  }
}
