import {
  Inject,
  Module,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type Provider,
  type Type,
} from '@nestjs/common';
import { getCacheWorkerToken, getImageCacheToken } from '../nest/tokens.js';
import { Prefetcher } from '../prefetch/prefetcher.js';
import {
  ADMIN_CACHE,
  ADMIN_PAGE,
  ADMIN_PATHS,
  ADMIN_PREFETCHER,
  ADMIN_SETTINGS,
  ADMIN_WORKER,
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  resolveAdminOptions,
  type ASYNC_OPTIONS_TYPE,
  type ImageCacheAdminExtras,
  type ImageCacheAdminOptions,
  type OPTIONS_TYPE,
} from './admin-options.js';
import { Audit } from './audit.js';
import { DASHBOARD_PROVIDERS } from './dashboard/dashboard.providers.js';
import { AdminGuard } from './auth/admin-guard.js';
import { RefusedBodies } from './auth/refused-bodies.js';
import { CacheStatus } from './cache-status.js';
import { mountedControllers, pageOf, pathsOf } from './mounted.js';
import { TaskRegistry } from './tasks/task-registry.js';
import { Verbs } from './tasks/verbs.js';
import { TrailingSlash } from './trailing-slash.js';

/**
 * Lets an operator see and manage an image cache by HTTP: list, queue, clear, trigger. Off until an application imports
 * it, and closed to everybody but who has the secret, or whom the guards let in.
 */
@Module({ providers: [AdminGuard, Audit, CacheStatus, RefusedBodies, TaskRegistry, Verbs] })
export class ImageCacheAdminModule extends ConfigurableModuleClass implements NestModule {
  readonly #page: Type;

  /** @internal */
  constructor(@Inject(ADMIN_PAGE) page: Type) {
    super();
    this.#page = page;
  }

  /** Leads to the page, with a slash behind its path too. */
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(TrailingSlash).forRoutes(this.#page);
  }

  /** Configures the API; the options are checked when the application starts. */
  static override register(options: typeof OPTIONS_TYPE & ImageCacheAdminExtras): DynamicModule {
    const { path, guards, cache, galiaPaths, controllers, ...rest } = options;
    return assemble(super.register(rest), { path, guards, cache, galiaPaths, controllers });
  }

  /** {@link register} with options that are made by a factory or a class. */
  static override registerAsync(options: typeof ASYNC_OPTIONS_TYPE & ImageCacheAdminExtras): DynamicModule {
    const { path, guards, cache, galiaPaths, controllers, ...rest } = options;
    return assemble(super.registerAsync(rest), { path, guards, cache, galiaPaths, controllers });
  }
}

type Given = { readonly [Name in keyof ImageCacheAdminExtras]: ImageCacheAdminExtras[Name] | undefined };

function assemble(definition: DynamicModule, given: Given): DynamicModule {
  const extras = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as ImageCacheAdminExtras;
  const guards = extras.guards ?? [];
  const controllers = mountedControllers(extras);
  const page: Provider = { provide: ADMIN_PAGE, useValue: pageOf(controllers) };
  const paths: Provider = { provide: ADMIN_PATHS, useValue: pathsOf(controllers) };
  return {
    ...definition,
    controllers,
    providers: [
      ...(definition.providers ?? []),
      ...guards,
      page,
      paths,
      ...providersFor(extras),
      ...DASHBOARD_PROVIDERS,
    ],
  };
}

function providersFor({ cache, guards = [] }: ImageCacheAdminExtras): Provider[] {
  return [
    {
      provide: ADMIN_SETTINGS,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: ImageCacheAdminOptions) => resolveAdminOptions(options, guards.length),
    },
    { provide: ADMIN_CACHE, useExisting: getImageCacheToken(cache) },
    { provide: ADMIN_WORKER, useExisting: getCacheWorkerToken(cache) },
    {
      provide: ADMIN_PREFETCHER,
      inject: [{ token: Prefetcher, optional: true }],
      useFactory: (prefetcher?: Prefetcher) => prefetcher,
    },
  ];
}
