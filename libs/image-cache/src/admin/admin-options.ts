import { ConfigurableModuleBuilder, type CanActivate, type Type } from '@nestjs/common';
import { invalidOption, refuseUnknownKeys } from '../common/options.js';
import { systemClock } from '../common/system-clock.js';
import type { RoutedRequest } from '../nest/http-exchange.js';
import type { Clock } from '../ports/clock.js';
import { checkDashboardOptions, type DashboardOptions } from './dashboard/dashboard-options.js';

/** Who may manage the cache: by the basic scheme, or with the secret as bearer token. */
export interface AdminAuth {
  readonly username: string;
  readonly secret: string;
}

/** Options of `ImageCacheAdminModule` that a factory may make. */
export interface ImageCacheAdminOptions {
  /** Whether there is an admin API; without, everything below its path is answered with 404. @default true */
  readonly enabled?: boolean;
  /** Asks for a name and a secret. Without, one of `guards` has to say who may manage the cache. */
  readonly auth?: AdminAuth;
  /** Who a request is from, for the log. @default the name that `auth` has asked for */
  readonly who?: (request: RoutedRequest) => string | undefined;
  /** The page that shows what the cache does; `false` for none. @default a page without pictures of images */
  readonly dashboard?: DashboardOptions | false;
  /** @default the time of the machine */
  readonly clock?: Clock;
}

/** What is said to `ImageCacheAdminModule` beside its options, since routes are made of it. */
export interface ImageCacheAdminExtras {
  /** Path of the API, without slashes around it. @default 'admin' */
  readonly path?: string;
  /** Guards of all routes of the API, behind its own one. @default [] */
  readonly guards?: readonly Type<CanActivate>[];
  /** Name of the cache that is managed. @default the one without a name */
  readonly cache?: string;
  /** Whether tasks and status are at `/tasks` and `/status`, too, where Galia has them. @default false */
  readonly galiaPaths?: boolean;
  /** Controllers of the application that are put below the path, behind the same guards. @default [] */
  readonly controllers?: readonly Type[];
}

/** Options that have been checked. */
export interface AdminSettings {
  readonly enabled: boolean;
  readonly auth: AdminAuth | undefined;
  readonly who: ((request: RoutedRequest) => string | undefined) | undefined;
  /** Absent where there is no dashboard. */
  readonly dashboard: DashboardOptions | undefined;
  readonly clock: Clock;
}

/** Injection token of {@link AdminSettings}. */
export const ADMIN_SETTINGS = Symbol('image-cache:admin-settings');

/** Injection token of the cache that is managed. */
export const ADMIN_CACHE = Symbol('image-cache:admin-cache');

/** Injection token of its worker. */
export const ADMIN_WORKER = Symbol('image-cache:admin-worker');

/** Injection token of the prefetcher; `undefined` where there is none. */
export const ADMIN_PREFETCHER = Symbol('image-cache:admin-prefetcher');

/** Injection token of the paths of the controllers, as they are mounted. */
export const ADMIN_PATHS = Symbol('image-cache:admin-paths');

/** Injection token of the controller of the page, as it is mounted. */
export const ADMIN_PAGE = Symbol('image-cache:admin-page');

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<ImageCacheAdminOptions>({ moduleName: 'ImageCacheAdmin' })
    .setClassMethodName('register')
    .setFactoryMethodName('createImageCacheAdminOptions')
    .build();

const KEYS: readonly (keyof ImageCacheAdminOptions)[] = ['enabled', 'auth', 'who', 'dashboard', 'clock'];

/**
 * Checks the options.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when one is wrong, or when nobody would be kept out
 */
export function resolveAdminOptions(options: ImageCacheAdminOptions, guards: number): AdminSettings {
  refuseUnknownKeys(options, KEYS, 'imageCacheAdmin');
  const { enabled = true, auth, who, dashboard = {}, clock = systemClock } = options;
  if (enabled && auth === undefined && guards === 0)
    throw invalidOption('imageCacheAdmin.auth', 'is missing; give a username and a secret, or guards of your own.');
  if (auth !== undefined) requireAuth(auth);
  const shown = dashboard === false ? undefined : checkDashboardOptions(dashboard, 'imageCacheAdmin.dashboard');
  return { enabled, auth, who, dashboard: enabled ? shown : undefined, clock };
}

function requireAuth(auth: AdminAuth): void {
  refuseUnknownKeys(auth, ['username', 'secret'], 'imageCacheAdmin.auth');
  const { username, secret } = auth;
  if (typeof username !== 'string' || username === '' || username.includes(':'))
    throw invalidOption('imageCacheAdmin.auth.username', 'has to be a text without colons, and not empty.');
  if (typeof secret !== 'string' || secret === '')
    throw invalidOption('imageCacheAdmin.auth.secret', 'has to be a text that is not empty.');
}
