import { Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, Reflector } from '@nestjs/core';
import { createHash } from 'node:crypto';
import {
  clientOf,
  conditionsOf,
  giveUpBody,
  HttpExchange,
  ImageCache,
  ResponsePolicy,
  sendVariant,
  wishesOf,
  type CacheWishes,
  type ServedTier,
  type Variant,
} from 'nestjs-image-cache';
import { imageService2, PROFILE_2 } from '../info/image-service-2.js';
import { CONTEXT_3, imageService3, PROFILE_3 } from '../info/image-service-3.js';
import type { ApiVersion, ImageRequestSegments } from '../request/image-request.js';
import { ImageService } from '../service/image-service.js';
import { imageUri, parseBaseUri } from './base-uri.js';
import { problemOf } from './iiif-exception.filter.js';
import { IIIF_OPTIONS, type IiifOptions } from './iiif-options.js';

/** What differs between the versions of the Image API in HTTP. */
const VERSIONS = {
  2: { document: imageService2, profile: PROFILE_2, contentType: 'application/json' },
  3: { document: imageService3, profile: PROFILE_3, contentType: `application/ld+json;profile="${CONTEXT_3}"` },
} as const;

/** An image, as a route names it. */
export interface NamedImage {
  readonly version: ApiVersion;
  readonly identifier: string;
}

interface Exchanged {
  readonly exchange: HttpExchange;
  readonly context: ExecutionContext;
}

/** Answers the requests of both versions of the Image API. */
@Injectable()
export class ImageResponder {
  readonly #images: ImageService;
  readonly #options: IiifOptions;
  readonly #adapterHost: HttpAdapterHost;
  readonly #cache: ImageCache;
  readonly #policy: ResponsePolicy;

  constructor(
    @Inject(ImageService) images: ImageService,
    @Inject(IIIF_OPTIONS) options: IiifOptions,
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
    @Inject(ImageCache) cache: ImageCache,
    @Inject(Reflector) reflector: Reflector,
    @Inject(ApplicationConfig) application: ApplicationConfig,
  ) {
    this.#images = images;
    const { baseUri } = options;
    this.#options = { ...options, ...(baseUri !== undefined && { baseUri: parseBaseUri(baseUri) }) };
    this.#adapterHost = adapterHost;
    this.#cache = cache;
    this.#policy = new ResponsePolicy(reflector, application, cache.client);
  }

  /** Where the base URI leads to (IIIF Image API 3.0, section 2.1). */
  informationUri(image: NamedImage, context: ExecutionContext): string {
    return `${imageUri(this.#exchange(context), this.#options, image)}/info.json`;
  }

  /** The image information document; made anew for every request, only what it is made from is cached. */
  information(image: NamedImage, context: ExecutionContext): Promise<unknown> {
    return this.#answer(context, 'info', (exchange) => this.#information(image, { exchange, context }));
  }

  async #information(image: NamedImage, { exchange, context }: Exchanged): Promise<unknown> {
    const { document, profile, contentType } = VERSIONS[image.version];
    const id = imageUri(exchange, this.#options, image);
    const wishes = await this.#wishesOf(exchange, context);
    const { info, outcome } = await this.#images.info(image.identifier, { ...wishes, signal: exchange.clientSignal() });
    const body = Buffer.from(JSON.stringify(document(info, { id, limits: this.#images.limits }), undefined, 2));
    exchange.setHeader('Link', `<${profile}>;rel="profile"`);
    const digest = createHash('sha256').update(body).digest('base64url');
    const { source } = info;
    const meta = {
      identifier: image.identifier,
      contentType,
      size: body.byteLength,
      digest,
      createdAt: 0,
      ...(source && { source }),
    };
    return this.#send(exchange, { meta, outcome, body }, context);
  }

  /** A picture. */
  picture(image: NamedImage, segments: ImageRequestSegments, context: ExecutionContext): Promise<unknown> {
    return this.#answer(context, 'variant', (exchange) => this.#picture(image, segments, { exchange, context }));
  }

  async #picture(
    image: NamedImage,
    segments: ImageRequestSegments,
    { exchange, context }: Exchanged,
  ): Promise<unknown> {
    // Before anything is opened for a client whose host is none.
    const uri = imageUri(exchange, this.#options, image);
    const conditions = conditionsOf(exchange);
    const wishes = await this.#wishesOf(exchange, context);
    const client = await this.#clientOf(exchange, context);
    const signal = exchange.clientSignal();
    const asked = { ...image, ...client, segments, conditions, wishes, signal };
    const { variant, canonical } = await this.#images.picture(asked);
    const { profile } = VERSIONS[image.version];
    try {
      exchange.setHeader('Link', `<${uri}/${canonical}>;rel="canonical", <${profile}>;rel="profile"`);
      return this.#send(exchange, variant, context);
    } catch (error) {
      giveUpBody(variant);
      throw error;
    }
  }

  /** Answers a request when it is its turn on its connection, and tells the cache how that went. */
  async #answer(
    context: ExecutionContext,
    tier: ServedTier,
    work: (exchange: HttpExchange) => Promise<unknown>,
  ): Promise<unknown> {
    const exchange = this.#exchange(context);
    try {
      await exchange.turn(this.#cache);
      const answer = await work(exchange);
      exchange.report(this.#cache, tier);
      return answer;
    } catch (error) {
      exchange.report(this.#cache, tier, { status: problemOf(error).statusCode });
      throw error;
    }
  }

  #wishesOf(exchange: HttpExchange, context: ExecutionContext): Promise<CacheWishes> {
    const { clientDirectives = false } = this.#options;
    const isObeyed = (): boolean | Promise<boolean> =>
      typeof clientDirectives === 'function' ? clientDirectives(context) : clientDirectives;
    return wishesOf(exchange, { hints: this.#policy.hints(context, exchange), isObeyed });
  }

  #clientOf(exchange: HttpExchange, context: ExecutionContext): Promise<{ readonly client?: string }> {
    const { clientId } = this.#options;
    const tell = (): string | undefined | Promise<string | undefined> =>
      typeof clientId === 'function' ? clientId(context) : clientId;
    return clientOf(exchange, { cache: this.#cache, ...(clientId !== undefined && { clientId: tell }) });
  }

  #send(exchange: HttpExchange, variant: Variant, context: ExecutionContext): unknown {
    if (this.#cache.isDraining) exchange.closeConnection();
    return sendVariant(exchange, variant, this.#policy.hints(context, exchange));
  }

  #exchange(context: ExecutionContext): HttpExchange {
    return new HttpExchange(this.#adapterHost.httpAdapter, context);
  }
}
