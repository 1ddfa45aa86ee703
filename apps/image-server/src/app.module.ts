import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { ImageCache, ImagePrefetchModule } from 'nestjs-image-cache';
import { ImageCacheMetricsModule } from 'nestjs-image-cache/prometheus';
import { IiifExceptionFilter, IiifModule, ImageService } from 'nestjs-iiif';
import { adminModules } from './admin/admin-modules.js';
import { iiifOptions } from './configuration/iiif-options.js';
import type { Settings } from './configuration/known-keys.js';
import { prefetchOptions } from './configuration/prefetch-options.js';
import { SETTINGS, settingsModule } from './configuration/settings.module.js';
import { HealthController } from './health/health.controller.js';
import { ImagesController } from './images/images.controller.js';
import { ORIGINAL_SOURCE, SourceModule } from './source/source.module.js';

const iiif = IiifModule.forRootAsync({
  imports: [SourceModule],
  inject: [SETTINGS, ORIGINAL_SOURCE],
  useFactory: iiifOptions,
});

/** The reference image server. */
@Module({
  imports: [
    SourceModule,
    ScheduleModule.forRoot(),
    iiif,
    ImagePrefetchModule.forRootAsync({
      imports: [iiif],
      inject: [SETTINGS, ImageService, ImageCache],
      useFactory: (settings: Settings, images: ImageService, cache: ImageCache) => ({
        enabled: settings['cache.server.prefetch.enabled'],
        ...prefetchOptions(settings, images, cache),
      }),
    }),
  ],
  controllers: [HealthController, ImagesController],
  providers: [{ provide: APP_FILTER, useClass: IiifExceptionFilter }],
})
export class AppModule {
  /** Configures the server with settings that have been checked. */
  static async forSettings(settings: Settings): Promise<DynamicModule> {
    const metrics = settings['endpoint.metrics.enabled'] ? [ImageCacheMetricsModule.register()] : [];
    return { module: AppModule, imports: [await settingsModule(settings), ...metrics, ...adminModules(settings)] };
  }
}
