import type { ExecutionContext } from '@nestjs/common';
import type { Duration } from '../common/units.js';
import type { NegotiableFormat } from '../http/accept.js';

/**
 * A value, or a function that tells it for a request, at once or later. The context gives the request, the handler and
 * its class. The function is called for every request, also for one that is a hit, so it should be quick; an
 * `HttpException` that it throws is the answer to the request, anything else it throws is a 500.
 */
export type Resolvable<T> = T | ((context: ExecutionContext) => T | Promise<T>);

/** Plain data that says what a picture depends on. */
export type Operation =
  string | number | boolean | null | undefined | readonly Operation[] | { readonly [name: string]: Operation };

/** What was done to an image: a text, a list or an object, whose members may be in any order. */
export type Operations = string | readonly Operation[] | { readonly [name: string]: Operation };

/** Which image a route is about. */
export interface RouteImageOptions {
  /** Name of the cache. @default the one without a name */
  readonly cache?: string;
  /**
   * What tells the images of different controllers apart. Controllers that mean the same images name the same one;
   * `''` is none.
   *
   * @default the controller's class name, or none where the cache has a `source`
   */
  readonly namespace?: Resolvable<string>;
  /** @default the route parameter `id` or `identifier` */
  readonly identifier?: Resolvable<string>;
}

/** Options of `@CacheInfo()`. */
export interface CacheInfoOptions extends RouteImageOptions {
  /**
   * Whether a client may ask past the cache: by `Cache-Control: no-cache` and `max-age` that the source is asked or the
   * picture made anew, by `no-store` or `?cache=nocache` that nothing is looked up or kept, by `?cache=recache` that what
   * is kept is replaced. Every such request costs a render, so let a function say who may.
   *
   * @default false
   */
  readonly clientDirectives?: Resolvable<boolean>;
}

/** Options of `@CacheVariant()`. */
export interface CacheVariantOptions extends CacheInfoOptions {
  /**
   * Whose render a miss is, where the cache limits those of a client (`render.perClient`); nobody's who is limited when
   * it is `undefined`. Not asked where it does not. @default the request's `ip`, of IPv6 the first 64 bits
   */
  readonly clientId?: Resolvable<string | undefined>;
  /** Query arguments that the picture depends on; all others are ignored. @default [] */
  readonly query?: readonly string[];
  /**
   * What the picture depends on, instead of all parameters of the route and the query arguments of `query`. The handler
   * with its path, the parameters of the host and `version` stay part of the key.
   */
  readonly operations?: Resolvable<Operations>;
  /**
   * Whether the pictures are those of other routes too: the handler and its path are then no part of the key. Routes
   * share what has the same `namespace`, identifier, `operations` and `version`; needs `namespace` and `operations`.
   *
   * @default false
   */
  readonly shared?: boolean;
  /**
   * Formats that the client chooses from by `Accept`, the best one first; `'auto'` is AVIF, WebP and JPEG. The handler gets
   * the one that was agreed on by `@NegotiatedFormat()`. Answers say `Vary: Accept`, and clients that name the same formats
   * share a picture, whatever else they say.
   *
   * @default the handler's, whatever the client accepts
   */
  readonly format?: 'auto' | readonly NegotiableFormat[];
  /**
   * The audience that a picture is for, such as a tenant or a role: audiences share no pictures. Answers are `private`
   * unless `@CacheControl()` says otherwise. @default one for all
   */
  readonly partition?: Resolvable<string>;
  /** Change it when the handler makes other pictures than before. @default '' */
  readonly version?: Resolvable<string>;
  /**
   * Time after the last access when a picture of this route is rendered anew. It only shortens: the `ttl` of the cache
   * holds too, and the worker goes by that one. @default the cache's
   */
  readonly ttl?: Resolvable<Duration>;
  /**
   * Request headers that a function of these options looks at. All answers of the route say so by `Vary`, and a handler
   * that says so itself does not keep its pictures from being stored. @default []
   */
  readonly vary?: readonly string[];
  /**
   * Response headers that a hit replays beside `Content-Type`, `Content-Disposition`, `Content-Language` and `Link`.
   *
   * @default the cache's `replayHeaders`
   */
  readonly replayHeaders?: readonly string[];
}
