import { Inject, Injectable } from '@nestjs/common';
import { isImageCacheError, statusOf } from '../common/errors.js';
import type { RoutedRequest } from '../nest/http-exchange.js';
import type { ManagedChange, Management } from '../observability/events.js';
import type { ImageCache } from '../service/image-cache.js';
import { ADMIN_CACHE, ADMIN_SETTINGS, type AdminSettings } from './admin-options.js';

/** Who does something, and from where. */
export type Operator = Pick<Management, 'who' | 'client'>;

/** What somebody does. */
type Deed = Omit<Management, keyof Operator>;

/** Images that are named of those that one request is about. */
const NAMED = 10;

/** Tells who has changed what, and what could not be done. */
@Injectable()
export class Audit {
  readonly #settings: AdminSettings;
  readonly #cache: ImageCache;
  readonly #operators = new WeakMap<object, string>();

  constructor(@Inject(ADMIN_SETTINGS) settings: AdminSettings, @Inject(ADMIN_CACHE) cache: ImageCache) {
    this.#settings = settings;
    this.#cache = cache;
  }

  /** Remembers who a request is from. */
  identify(request: RoutedRequest, operator: string): void {
    this.#operators.set(request, operator);
  }

  /** Who a request is from. */
  operatorOf(request: RoutedRequest): Operator {
    return { who: this.#settings.who?.(request) ?? this.#operators.get(request), client: request.ip };
  }

  /** Tells of a change that a request has made. */
  tell(request: RoutedRequest, change: Omit<ManagedChange, keyof Operator>): void {
    this.tellOf(this.operatorOf(request), change);
  }

  /** Tells of a change that somebody has made. */
  tellOf(operator: Operator, change: Omit<ManagedChange, keyof Operator>): void {
    this.#cache.reportManaged({ ...operator, ...change });
  }

  /** Does what a request asks for, and tells when that fails. What is wrong about the request is no failure. */
  async attempt<T>(request: RoutedRequest, deed: Deed, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isOfRequest(error)) this.tellFailure(this.operatorOf(request), deed, error);
      throw error;
    }
  }

  /** Tells of what somebody wanted and what failed. */
  tellFailure(operator: Operator, deed: Deed, error: unknown): void {
    this.#cache.tell('management-failed', { ...operator, ...deed, error });
  }
}

/** Names the images that something is about, of many the first ones. */
export function targetsOf(identifiers: readonly string[]): Pick<Management, 'target' | 'targets'> {
  const [first] = identifiers;
  if (identifiers.length > 1) return { targets: identifiers.slice(0, NAMED) };
  return first === undefined ? {} : { target: first };
}

/** Whether something is wrong about what was asked for. */
function isOfRequest(error: unknown): boolean {
  const isWrong = isImageCacheError(error, 'E_IMAGE_CACHE_OPTIONS');
  return isWrong || isImageCacheError(error, 'E_IMAGE_CACHE_UNSUPPORTED') || (statusOf(error) ?? 500) < 500;
}
