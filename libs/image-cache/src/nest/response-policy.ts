import type { ExecutionContext } from '@nestjs/common';
import type { ApplicationConfig, Reflector } from '@nestjs/core';
import { formatClientHints, NO_HINTS, type ClientHints, type ClientOptions } from '../http/client-hints.js';
import { CACHE_CONTROL, CACHE_VARIANT } from './constants.js';
import type { HttpExchange } from './http-exchange.js';
import type { CacheVariantOptions } from './route-options.js';

/** Where @nestjs/common keeps the guards of a class or a handler; part of its metadata, not of its exports. */
const GUARDS = '__guards__';

/** The hints of a route: for all, and for a request that is somebody's own. */
interface RouteHints {
  readonly shared: ClientHints;
  readonly personal: ClientHints;
}

/** What routes tell clients about their answers. */
export class ResponsePolicy {
  readonly #reflector: Reflector;
  readonly #application: ApplicationConfig;
  readonly #client: ClientOptions | false;
  #hints = new WeakMap<object, WeakMap<object, RouteHints>>();
  #globalGuards = 0;

  constructor(reflector: Reflector, application: ApplicationConfig, client: ClientOptions | false) {
    this.#reflector = reflector;
    this.#application = application;
    this.#client = client;
  }

  /**
   * What is said about good answers of a route. What it has said itself, by `@Header()` say, stands unless there is a
   * `@CacheControl()`.
   */
  hints(context: ExecutionContext, exchange: HttpExchange): ClientHints {
    const stated = exchange.responseHeader('cache-control');
    if (stated !== undefined && this.#declared(context) === undefined) return { cacheControl: stated, tags: false };
    this.#noticeGuards();
    // Classes that inherit a handler share it, and may have guards of their own.
    const ofClass = this.#hints.get(context.getClass()) ?? new WeakMap<object, RouteHints>();
    this.#hints.set(context.getClass(), ofClass);
    const handler = context.getHandler();
    const hints = ofClass.get(handler) ?? this.#format(context);
    ofClass.set(handler, hints);
    return isPersonal(exchange) ? hints.personal : hints.shared;
  }

  /** An application that answers already may get more guards: they hold for controllers that are made for each request. */
  #noticeGuards(): void {
    const count = this.#application.getGlobalGuards().length + this.#application.getGlobalRequestGuards().length;
    if (count === this.#globalGuards) return;
    this.#globalGuards = count;
    this.#hints = new WeakMap();
  }

  #declared(context: ExecutionContext): ClientOptions | undefined {
    return this.#reflector.getAllAndOverride(CACHE_CONTROL, [context.getHandler(), context.getClass()]);
  }

  /** What one user may see is not for a cache that others use too, unless the route says so. */
  #format(context: ExecutionContext): RouteHints {
    const declared = this.#declared(context);
    const own = declared ?? (this.#client === false ? {} : this.#client);
    const format = (visibility: ClientOptions['visibility']): ClientHints =>
      formatClientHints(visibility === undefined ? own : { ...own, visibility }, 'cacheControl');
    const isPrivate = this.#isGuarded(context) || this.#isPartitioned(context);
    const visibility = declared?.visibility ?? (isPrivate ? 'private' : undefined);
    // Of what nothing is said, a cache keeps what it likes.
    const isSilent = declared === undefined && this.#client === false && visibility === undefined;
    return {
      shared: isSilent ? NO_HINTS : format(visibility),
      personal: format(declared?.visibility ?? 'private'),
    };
  }

  #isGuarded(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    const ofRoute = this.#reflector.getAll<(unknown[] | undefined)[]>(GUARDS, targets);
    return this.#globalGuards > 0 || ofRoute.some((guards) => guards !== undefined && guards.length > 0);
  }

  /** Whether what is answered depends on who asks. */
  #isPartitioned(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    const options = this.#reflector.getAllAndOverride<CacheVariantOptions | undefined>(CACHE_VARIANT, targets);
    return options?.partition !== undefined;
  }
}

/** Whether a request says who asks (RFC 9111, section 3.5), or its answer gives the client a name. */
function isPersonal(exchange: HttpExchange): boolean {
  return exchange.header('authorization') !== undefined || exchange.setsCookie;
}
