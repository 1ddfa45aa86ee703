import {
  Controller,
  Get,
  Header,
  Inject,
  Injectable,
  Module,
  Res,
  UseGuards,
  type CanActivate,
  type DynamicModule,
  type OnApplicationShutdown,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Registry } from 'prom-client';
import { NEVER_STORED } from '../../http/cache-control.js';
import { optionalProvider } from '../../nest/optional-provider.js';
import { getImageCacheToken } from '../../nest/tokens.js';
import { Prefetcher } from '../../prefetch/prefetcher.js';
import type { ImageCache } from '../../service/image-cache.js';
import { registerImageCacheMetrics } from './image-cache-metrics.js';

/** Where metrics are to be had, and of what. */
export interface ImageCacheMetricsModuleOptions {
  /** @default `metrics` */
  readonly path?: string;
  /** One of the application's, with metrics of its own. @default one that has only those of the cache */
  readonly registry?: Registry;
  /** In front of the names. @default `image_cache_` */
  readonly prefix?: string;
  /** Name of the cache. @default the one without a name */
  readonly cache?: string;
  /** Who may ask. @default everybody who reaches the path */
  readonly guards?: readonly Type<CanActivate>[];
}

/** Under which the registry is injected. */
const REGISTRY = Symbol('image-cache:metrics-registry');

/** Serves the metrics of a cache to Prometheus. The application installs `prom-client`. */
@Module({})
export class ImageCacheMetricsModule {
  /** @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` at the start, when the prefix cannot begin the name of a metric */
  static register(options: ImageCacheMetricsModuleOptions = {}): DynamicModule {
    const { path = 'metrics', registry = new Registry(), cache, guards = [] } = options;
    return {
      module: ImageCacheMetricsModule,
      controllers: [metricsController(path, guards)],
      providers: [
        { provide: REGISTRY, useValue: registry },
        {
          provide: MetricsRegistration,
          inject: [getImageCacheToken(cache), ModuleRef],
          useFactory: (observed: ImageCache, moduleRef: ModuleRef) =>
            new MetricsRegistration(observed, { moduleRef, registry, prefix: options.prefix }),
        },
      ],
    };
  }
}

interface Registering {
  readonly moduleRef: ModuleRef;
  readonly registry: Registry;
  readonly prefix: string | undefined;
}

/** Keeps the metrics registered as long as the application lives. */
@Injectable()
class MetricsRegistration implements OnApplicationShutdown {
  readonly #unregister: () => void;

  constructor(cache: ImageCache, { moduleRef, registry, prefix }: Registering) {
    const prefetcher = optionalProvider(moduleRef, Prefetcher);
    const queue = prefetcher && (() => prefetcher.status());
    this.#unregister = registerImageCacheMetrics(cache, {
      registry,
      ...(prefix !== undefined && { prefix }),
      ...(queue && { queue }),
    });
  }

  onApplicationShutdown(): void {
    this.#unregister();
  }
}

/** Its path and guards are options of the module. */
function metricsController(path: string, guards: readonly Type<CanActivate>[]): Type {
  @Controller(path)
  @UseGuards(...guards)
  class ImageCacheMetricsController {
    readonly #registry: Registry;

    constructor(@Inject(REGISTRY) registry: Registry) {
      this.#registry = registry;
    }

    @Get()
    @Header('Cache-Control', NEVER_STORED)
    metrics(@Res({ passthrough: true }) response: Headed): Promise<string> {
      response.header('Content-Type', this.#registry.contentType);
      return this.#registry.metrics();
    }
  }
  return ImageCacheMetricsController;
}

/** What responses of Express and replies of Fastify have in common. */
interface Headed {
  header(name: string, value: string): unknown;
}
