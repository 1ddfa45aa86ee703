import { Module, type DynamicModule, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { ImageCache, ImageCacheModule, type ImageCacheOptions } from 'nestjs-image-cache';
import { createLimits } from '../geometry/limits.js';
import { LateRenderer } from '../prefetch/late-renderer.js';
import { createRenderer } from '../render/renderer.js';
import { ImageService } from '../service/image-service.js';
import { CachedSource } from '../source/cached-source.js';
import { CorsMiddleware } from './cors.middleware.js';
import { ConfigurableModuleClass, IIIF_OPTIONS, type IiifOptions } from './iiif-options.js';
import { Image2Controller } from './image-2.controller.js';
import { Image3Controller } from './image-3.controller.js';
import { ImageResponder } from './image-responder.js';

/** Holds the options, for the modules that need them. */
@Module({ providers: [LateRenderer], exports: [LateRenderer] })
class IiifOptionsModule extends ConfigurableModuleClass {}

/**
 * An image server: IIIF Image API 3.0 at `/iiif/3` and 2.1 at `/iiif/2`. Brings its image cache along; other modules of
 * the application can use it, too.
 */
@Module({
  controllers: [Image3Controller, Image2Controller],
  providers: [
    ImageResponder,
    {
      provide: ImageService,
      inject: [ImageCache, IIIF_OPTIONS, LateRenderer],
      useFactory: (cache: ImageCache, { source, limits, encoder }: IiifOptions, late: LateRenderer) => {
        const checked = createLimits(limits);
        const renderer = createRenderer({ limits: checked, ...(encoder && { encoder }) });
        const originals = cache.sources && new CachedSource(source, cache.sources);
        const images = new ImageService({ cache, source: originals ?? source, renderer, limits: checked });
        late.set(images);
        return images;
      },
    },
  ],
  exports: [ImageService],
})
export class IiifModule implements NestModule {
  /** Configures the image server; the options are checked when the application starts. */
  static forRoot(options: Parameters<typeof ConfigurableModuleClass.forRoot>[0]): DynamicModule {
    return assemble(IiifOptionsModule.forRoot(options));
  }

  /** {@link forRoot} with options that are made by a factory or a class. */
  static forRootAsync(options: Parameters<typeof ConfigurableModuleClass.forRootAsync>[0]): DynamicModule {
    return assemble(IiifOptionsModule.forRootAsync(options));
  }

  /** Opens the answers to viewers on other sites. */
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(CorsMiddleware).forRoutes('iiif/*path');
  }
}

function assemble(options: DynamicModule): DynamicModule {
  const shared = { ...options, exports: [IIIF_OPTIONS, LateRenderer] };
  const cache = ImageCacheModule.forRootAsync({
    imports: [shared],
    inject: [IIIF_OPTIONS, LateRenderer],
    useFactory: ({ cache: settings, source }: IiifOptions, renderer: LateRenderer): ImageCacheOptions => ({
      renderer,
      ...settings,
      source,
    }),
  });
  return { module: IiifModule, imports: [shared, cache], exports: [cache] };
}
