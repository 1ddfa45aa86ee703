import { Inject, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModuleRef, Reflector } from '@nestjs/core';
import { lastValueFrom, Observable } from 'rxjs';
import type { ClientHints, ClientOptions } from '../../http/client-hints.js';
import type { ImageCache } from '../../service/image-cache.js';
import { statusOf } from '../../common/errors.js';
import type { ServedTier } from '../../observability/events.js';
import { SKIP_IMAGE_CACHE } from '../constants.js';
import { isEventStream } from '../handler-kind.js';
import { discardResult } from '../handler-result.js';
import { toHttpError } from '../http-errors.js';
import { HttpExchange, type RoutedRequest } from '../http-exchange.js';
import { ResponsePolicy } from '../response-policy.js';
import { getImageCacheToken } from '../tokens.js';

/**
 * What the interceptors have in common: they leave alone what is not HTTP, streams of events and what has no decorator
 * of theirs, wherever they are bound, and no error of theirs is kept by a client.
 */
export abstract class ImageInterceptor implements NestInterceptor {
  /** Under what their decorator has left its options. */
  protected abstract readonly key: string;
  /** Whose requests the cache is told of. */
  protected readonly tier: ServedTier | undefined = undefined;
  protected readonly reflector: Reflector;
  readonly #moduleRef: ModuleRef;
  readonly #application: ApplicationConfig;
  readonly #caches = new Map<string | undefined, ImageCache>();
  readonly #policies = new Map<object | false, ResponsePolicy>();
  readonly #adapterHost: HttpAdapterHost;

  constructor(
    @Inject(ModuleRef) moduleRef: ModuleRef,
    @Inject(Reflector) reflector: Reflector,
    @Inject(ApplicationConfig) application: ApplicationConfig,
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
  ) {
    this.#moduleRef = moduleRef;
    this.reflector = reflector;
    this.#application = application;
    this.#adapterHost = adapterHost;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http' || !this.#isFor(context)) return next.handle();
    const exchange = new HttpExchange(this.#adapterHost.httpAdapter, context);
    if (!this.#takes(exchange.request)) return next.handle();
    const handle = (): Promise<unknown> => lastValueFrom(next.handle(), { defaultValue: undefined });
    const cache = this.cacheOf(context);
    const policy = this.#policyOf(cache?.client ?? false);
    const hints = policy.hints(context, exchange);
    let failure: unknown;
    const answer = this.answer({ context, exchange, handle, hints })
      .catch((error: unknown) => {
        throw (failure = toHttpError(exchange, error));
      })
      .finally(() => {
        if (cache?.isDraining === true) exchange.closeConnection();
        if (this.tier !== undefined && cache !== undefined)
          exchange.report(cache, this.tier, failure === undefined ? undefined : { status: statusOf(failure) ?? 500 });
      });
    return observed(answer, exchange);
  }

  /** Answers a request, calling its handler or not. */
  protected abstract answer(call: InterceptedCall): Promise<unknown>;

  /** The cache that a route uses, and that says what clients are told where the route says nothing. */
  protected abstract cacheOf(context: ExecutionContext): ImageCache | undefined;

  /** The cache of this name. */
  protected cacheNamed(name: string | undefined): ImageCache {
    const known = this.#caches.get(name);
    if (known !== undefined) return known;
    const cache = this.#moduleRef.get<ImageCache>(getImageCacheToken(name), { strict: false });
    this.#caches.set(name, cache);
    return cache;
  }

  /** What a decorator has left on the handler or its class. */
  protected optionsOf(key: string, context: ExecutionContext): object | undefined {
    return this.reflector.getAllAndOverride<object | undefined>(key, [context.getHandler(), context.getClass()]);
  }

  /** Whether the route is exempt, or does something else than reading. */
  protected isBypassed({ context, exchange }: InterceptedCall): boolean {
    return !this.isReading(exchange) || this.optionsOf(SKIP_IMAGE_CACHE, context) !== undefined;
  }

  protected isReading({ method }: HttpExchange): boolean {
    return ['GET', 'HEAD'].includes(method);
  }

  /** Of a stream of events, only the last one would ever be sent. */
  #isFor(context: ExecutionContext): boolean {
    return this.optionsOf(this.key, context) !== undefined && !isEventStream(context.getHandler());
  }

  /**
   * Whether none of its kind has taken the request before. One on the class, one on the method and one of the
   * application are one: the second would wait for what the first one holds.
   */
  #takes(request: RoutedRequest & Takeable): boolean {
    const { [TAKERS]: takers = new Set<string>() } = request;
    if (takers.has(this.key)) return false;
    request[TAKERS] = takers.add(this.key);
    return true;
  }

  #policyOf(client: ClientOptions | false): ResponsePolicy {
    const policy = this.#policies.get(client) ?? new ResponsePolicy(this.reflector, this.#application, client);
    this.#policies.set(client, policy);
    return policy;
  }
}

/**
 * An answer for who waits for it. An interceptor further out may wait no longer, as one with a timeout: the response is
 * then about to be used for something else, and what comes after all is nobody's.
 */
function observed(answer: Promise<unknown>, exchange: HttpExchange): Observable<unknown> {
  return new Observable((subscriber) => {
    const state = { isSettled: false };
    answer.then(
      (result) => {
        if (subscriber.closed) discardResult(result);
        state.isSettled = true;
        subscriber.next(result);
        subscriber.complete();
      },
      (error: unknown) => {
        state.isSettled = true;
        subscriber.error(error);
      },
    );
    return () => {
      if (!state.isSettled) exchange.detach();
    };
  });
}

/** Under what a request keeps who has taken it. */
const TAKERS = Symbol('image-cache:takers');

interface Takeable {
  [TAKERS]?: Set<string>;
}

/** A request on its way to its handler. */
export interface InterceptedCall {
  readonly context: ExecutionContext;
  readonly exchange: HttpExchange;
  /** Calls the handler. */
  readonly handle: () => Promise<unknown>;
  /** What clients are told about a good answer. */
  readonly hints: ClientHints;
}
