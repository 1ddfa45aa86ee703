import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { statusOf } from '../../common/errors.js';
import type { ManagementRefusal } from '../../observability/events.js';
import type { ImageCache } from '../../service/image-cache.js';
import { ADMIN_CACHE, ADMIN_PATHS, ADMIN_SETTINGS, type AdminSettings } from '../admin-options.js';

/** What requests of Express and Fastify have in common, as far as it is needed. */
interface Sent {
  readonly originalUrl?: string;
  readonly ip?: string;
}

/** Fastify, which calls its hook when a request has failed. */
interface Hookable {
  addHook(name: 'onError', hook: (request: Sent, reply: unknown, error: unknown, done: () => void) => void): unknown;
}

const REASONS: Readonly<Record<number, ManagementRefusal['reason']>> = {
  400: 'malformed',
  413: 'too-large',
  415: 'media-type',
};

/**
 * Tells of bodies that the framework refuses before anybody is asked who it is: that are too large for it, or no JSON.
 * Where a proxy or another router has changed the path, they are not known to be for operators.
 */
@Injectable()
export class RefusedBodies implements OnModuleInit {
  readonly #cache: ImageCache;
  readonly #adapterHost: HttpAdapterHost;
  readonly #isEnabled: boolean;
  readonly #ours: RegExp;

  constructor(
    @Inject(ADMIN_CACHE) cache: ImageCache,
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
    @Inject(ADMIN_SETTINGS) { enabled }: AdminSettings,
    @Inject(ADMIN_PATHS) paths: readonly string[],
  ) {
    this.#cache = cache;
    this.#adapterHost = adapterHost;
    this.#isEnabled = enabled;
    const ours = paths.map((path) => path.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    this.#ours = new RegExp(`^/(?:[^?]*/)?(?:${ours.join('|')})(?:[/?]|$)`);
  }

  /** The routes are there by now, and what answers their errors is not. */
  onModuleInit(): void {
    const { httpAdapter } = this.#adapterHost;
    if (!this.#isEnabled) return;
    if (httpAdapter.getType() === 'fastify') {
      const fastify = httpAdapter.getInstance<Hookable>();
      fastify.addHook('onError', (request, _reply, error, done) => {
        this.#look(request, error);
        done();
      });
      return;
    }
    // By its fourth parameter, Express knows that this is for errors.
    httpAdapter.use((error: unknown, request: Sent, _response: unknown, next: (error: unknown) => void) => {
      this.#look(request, error);
      next(error);
    });
  }

  #look({ originalUrl = '', ip }: Sent, error: unknown): void {
    const reason = REASONS[statusOf(error) ?? statusCodeOf(error)];
    if (reason !== undefined && this.#ours.test(originalUrl)) this.#cache.reportRefused({ client: ip, reason });
  }
}

/** Fastify has it by this name. */
function statusCodeOf(error: unknown): number {
  const isCoded = typeof error === 'object' && error !== null && 'statusCode' in error;
  return isCoded && typeof error.statusCode === 'number' ? error.statusCode : 0;
}
