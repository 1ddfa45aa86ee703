import {
  ForbiddenException,
  HttpException,
  Inject,
  Injectable,
  NotFoundException,
  PayloadTooLargeException,
  UnauthorizedException,
  UnsupportedMediaTypeException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { networkOf } from '../../nest/client-of.js';
import { HttpExchange } from '../../nest/http-exchange.js';
import type { ManagementRefusal } from '../../observability/events.js';
import type { ImageCache } from '../../service/image-cache.js';
import { ADMIN_CACHE, ADMIN_SETTINGS, type AdminSettings } from '../admin-options.js';
import { ADMIN_HEADERS } from '../admin-headers.js';
import { Audit } from '../audit.js';
import { Credentials } from './credentials.js';
import { FailedAttempts } from './failed-attempts.js';
import { isForeignSite } from './foreign-site.js';
import { keepToSameOrigin } from './same-origin.js';

/** Methods that change nothing. */
const SAFE = ['GET', 'HEAD', 'OPTIONS'];

/** Bytes; what is asked for fits in far less. */
const LARGEST_BODY = 64 * 1024;

const TOO_MANY = 429;

/** Characters of an address; behind a proxy, it may be what the client says. */
const LONGEST_ADDRESS = 64;

/**
 * Lets an operator manage the cache, and nobody else: asks for credentials where there are some to ask for, listens no
 * longer to clients that keep guessing, and refuses what a page of another site makes a browser send.
 */
@Injectable()
export class AdminGuard implements CanActivate {
  readonly #settings: AdminSettings;
  readonly #cache: ImageCache;
  readonly #audit: Audit;
  readonly #adapterHost: HttpAdapterHost;
  readonly #credentials: Credentials | undefined;
  readonly #failures: FailedAttempts;

  /** @internal */
  constructor(
    @Inject(ADMIN_SETTINGS) settings: AdminSettings,
    @Inject(ADMIN_CACHE) cache: ImageCache,
    @Inject(Audit) audit: Audit,
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
  ) {
    this.#settings = settings;
    this.#cache = cache;
    this.#audit = audit;
    this.#adapterHost = adapterHost;
    this.#credentials = settings.auth && new Credentials(settings.auth);
    this.#failures = new FailedAttempts(settings.clock);
  }

  /** @throws HttpException with the status that says why not */
  canActivate(context: ExecutionContext): boolean {
    const exchange = new HttpExchange(this.#adapterHost.httpAdapter, context);
    exchange.setHeaders(ADMIN_HEADERS);
    keepToSameOrigin(context.switchToHttp().getResponse());
    if (!this.#settings.enabled) throw new NotFoundException('There is no admin API.');
    this.#authenticate(exchange);
    if (!SAFE.includes(exchange.method)) this.#requireOwnJson(exchange);
    return true;
  }

  #authenticate(exchange: HttpExchange): void {
    const { auth } = this.#settings;
    if (auth === undefined || this.#credentials === undefined) return;
    const client = (networkOf(exchange.address) ?? '').slice(0, LONGEST_ADDRESS);
    const retryAfter = this.#failures.retryAfter(client);
    if (retryAfter !== undefined) {
      exchange.setHeader('Retry-After', String(retryAfter));
      throw this.#refused(exchange, 'too-many', new HttpException('Too many wrong credentials.', TOO_MANY));
    }
    const authorization = exchange.header('authorization');
    if (authorization !== undefined && this.#credentials.match(authorization)) {
      this.#audit.identify(exchange.request, auth.username);
      return;
    }
    exchange.setHeader('WWW-Authenticate', 'Basic realm="image cache", charset="UTF-8"');
    // A browser asks without credentials first.
    if (authorization === undefined)
      throw this.#refused(exchange, 'anonymous', new UnauthorizedException('Name and secret are needed.'));
    this.#failures.add(client);
    throw this.#refused(exchange, 'credentials', new UnauthorizedException('Name or secret is wrong.'));
  }

  #requireOwnJson(exchange: HttpExchange): void {
    const [site, origin, host] = ['sec-fetch-site', 'origin', 'host'].map((name) => exchange.header(name));
    if (isForeignSite({ site, origin, host }))
      throw this.#refused(exchange, 'cross-site', new ForbiddenException('The request comes from another site.'));
    const length = Number(exchange.header('content-length') ?? 0);
    if (length > LARGEST_BODY) {
      const error = new PayloadTooLargeException(`body: has more than ${LARGEST_BODY} bytes.`);
      throw this.#refused(exchange, 'too-large', error);
    }
    const hasBody = length > 0 || exchange.header('transfer-encoding') !== undefined;
    const isJson = /^application\/json *(;|$)/i.test(exchange.header('content-type') ?? '');
    // One router would inflate it, the other takes it for what it is not.
    const isPlain = /^(identity)?$/i.test(exchange.header('content-encoding') ?? '');
    if (!hasBody || (isJson && isPlain)) return;
    const error = new UnsupportedMediaTypeException('body: has to be JSON, and the Content-Type application/json.');
    throw this.#refused(exchange, 'media-type', error);
  }

  #refused(exchange: HttpExchange, reason: ManagementRefusal['reason'], error: HttpException): HttpException {
    this.#cache.reportRefused({ client: exchange.address, reason });
    return error;
  }
}
