import { Inject, Injectable } from '@nestjs/common';
import type { RoutedRequest } from '../nest/http-exchange.js';
import type { ManagedChange } from '../observability/events.js';
import type { ImageCache } from '../service/image-cache.js';
import { ADMIN_CACHE, ADMIN_SETTINGS, type AdminSettings } from './admin-options.js';

/** Tells who has changed what. */
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
  operatorOf(request: RoutedRequest): string | undefined {
    return this.#settings.who?.(request) ?? this.#operators.get(request);
  }

  /** Tells of a change that a request has made. */
  tell(request: RoutedRequest, change: Omit<ManagedChange, 'who'>): void {
    this.tellOf(this.operatorOf(request), change);
  }

  /** Tells of a change that somebody has made. */
  tellOf(who: string | undefined, change: Omit<ManagedChange, 'who'>): void {
    this.#cache.reportManaged({ who, ...change });
  }
}
