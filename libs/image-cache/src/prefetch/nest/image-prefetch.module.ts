import { Module } from '@nestjs/common';
import { ConfigurableModuleClass } from './prefetch-module-definition.js';

/**
 * Gives an application a `Prefetcher` for its image cache, which needs a `renderer`. Global unless `isGlobal` is false.
 * Sweeps its queue at its interval, for which `ScheduleModule.forRoot()` is to be imported.
 */
@Module({})
export class ImagePrefetchModule extends ConfigurableModuleClass {}
