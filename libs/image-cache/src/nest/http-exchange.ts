import type { ArgumentsHost } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { isImageCacheError } from '../common/errors.js';
import { formatCacheTags } from '../http/cache-tags.js';
import { failedAs, formatCacheStatus, servedAs, type CacheOutcome } from '../http/cache-status.js';
import type { ClientHints } from '../http/client-hints.js';
import { addToVary } from '../http/vary.js';
import type { ServedTier } from '../observability/events.js';
import type { ImageCache } from '../service/image-cache.js';
import { clientSignal, whenOver } from './client-signal.js';
import { awaitTurn } from './pipelining.js';

/** What Express and Fastify requests have in common. */
export interface RoutedRequest {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parameters in the host of the controller. */
  readonly hosts?: Readonly<Record<string, unknown>>;
  readonly raw?: IncomingMessage;
  /** Of the client, or as the framework takes it from a proxy that it trusts. */
  readonly ip?: string;
  /** Of Express. */
  readonly route?: { readonly path?: unknown };
  /** Of Fastify. */
  readonly routeOptions?: { readonly url?: unknown };
}

/** Milliseconds until it is looked again whether headers have been sent: Node does not tell. */
const PAUSE = 5;

/** What a response said at one time. */
interface Snapshot {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
}

/** One request and its response, whatever the HTTP adapter. */
export class HttpExchange {
  readonly request: RoutedRequest;
  /** Bytes of the body, as the client is told. */
  bodySize = 0;
  /** Finer than what the clock of a cache tells: a hit takes less than a millisecond. */
  readonly #start = performance.now();
  readonly #adapter: AbstractHttpAdapter;
  readonly #response: unknown;
  #outcome: CacheOutcome | undefined;
  #isNotModified = false;
  #detached: Snapshot | undefined;
  #sent: Snapshot | undefined;

  constructor(adapter: AbstractHttpAdapter, context: ArgumentsHost) {
    const http = context.switchToHttp();
    this.#adapter = adapter;
    this.request = http.getRequest<RoutedRequest>();
    this.#response = http.getResponse<unknown>();
  }

  /** `express` or `fastify`. */
  get platform(): string {
    return this.#adapter.getType();
  }

  get method(): string {
    return String(this.#adapter.getRequestMethod(this.request)).toUpperCase();
  }

  /** The address of the client, or what a proxy says that the framework trusts. */
  get address(): string | undefined {
    return this.request.ip;
  }

  /** Whether the connection to us is encrypted; says nothing of one to a proxy. */
  get isEncrypted(): boolean {
    return this.#rawResponse().socket instanceof TLSSocket;
  }

  /** Whether the end of a body of which nobody knows the length can be told from a connection that breaks. */
  get marksEnds(): boolean {
    return this.#rawResponse().req.httpVersion !== '1.0';
  }

  /** The path of the route with its prefixes, as the adapter knows it: `/v1/pictures/:id`. */
  get routePath(): string {
    return String(this.request.routeOptions?.url ?? this.request.route?.path);
  }

  /** A request header; of several, the first. */
  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  get status(): number {
    const { statusCode } = this.#settable;
    const isOfHandler = this.#sent !== undefined && this.#sent.status !== statusCode;
    return isOfHandler ? statusCode : (this.#detached?.status ?? statusCode);
  }

  set status(code: number) {
    this.#isNotModified = code === 304;
    this.#adapter.status(this.#response, code);
  }

  /** Whether {@link sent} has come to its end. */
  get isSent(): boolean {
    return this.#sent !== undefined;
  }

  /** A response header that has been set; the name in lower case. */
  responseHeader(name: string): string | undefined {
    const current = this.#currentHeader(name);
    const isOfHandler = this.#sent !== undefined && toText(this.#sent.headers[name]) !== current;
    return isOfHandler || this.#detached === undefined ? current : toText(this.#detached.headers[name]);
  }

  /** Whether a cookie has been set up to now, also by a middleware, which has the response of Node. */
  get setsCookie(): boolean {
    if (this.responseHeader('set-cookie') !== undefined) return true;
    return this.#sent === undefined && this.#rawResponse().hasHeader('set-cookie');
  }

  /**
   * Keeps what {@link status} and {@link responseHeader} tell as it is now: the response is about to be used for an
   * error, or for what is past its time, while the handler works on for others.
   */
  detach(): void {
    this.#detached ??= this.#snapshot();
  }

  /**
   * Waits until the headers of the response have been sent, or nobody takes them any more. What is set afterwards is told
   * by {@link status} and {@link responseHeader} again: it is of the handler, and reaches no client.
   */
  async sent(): Promise<void> {
    const response = this.#rawResponse();
    while (!response.headersSent && !response.destroyed) await setTimeout(PAUSE);
    this.#sent = this.#snapshot();
  }

  /** Sets a response header; without effect when the handler has answered by itself. */
  setHeader(name: string, value: string): void {
    if (this.#rawResponse().headersSent) return;
    this.#adapter.setHeader(this.#response, name, value);
  }

  /** Sets all headers that have a value. */
  setHeaders(headers: Readonly<Record<string, string | undefined>>): void {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) this.setHeader(name, value);
    }
  }

  /**
   * Tells browsers, proxies and CDNs what to do with the answer.
   *
   * @param identifier the image that it is about, where it is to be named
   */
  setHints({ cacheControl, cdnCacheControl, tags }: ClientHints, identifier?: string): void {
    this.setHeaders({ 'Cache-Control': cacheControl, 'CDN-Cache-Control': cdnCacheControl });
    if (tags && identifier !== undefined) this.setHeaders(formatCacheTags(identifier));
  }

  /** Tells how this cache has answered, behind what caches nearer to the origin have told (RFC 9211, section 2). */
  addCacheStatus(outcome: CacheOutcome): void {
    this.#outcome = outcome;
    const upstream = this.#currentHeader('cache-status');
    const own = formatCacheStatus(outcome);
    this.setHeader('Cache-Status', upstream === undefined ? own : `${upstream}, ${own}`);
  }

  /** Tells a cache that the request has been answered, and how; `error` is there where it could not be. */
  report(cache: ImageCache, tier: ServedTier, error?: { readonly status: number }): void {
    const outcome = error === undefined ? servedAs(this.#outcome, this.#isNotModified) : failedAs(error.status);
    const bytes = error === undefined && this.method !== 'HEAD' ? this.bodySize : 0;
    cache.tell('served', { tier, outcome, duration: performance.now() - this.#start, bytes });
  }

  /** Adds request headers to those that the response varies by. */
  addVary(names: readonly string[]): void {
    if (names.length > 0) this.setHeader('Vary', addToVary(this.#currentHeader('vary'), names));
  }

  /**
   * Has the connection closed behind the response: a server that ends waits for the connections whose clients keep them
   * open. HTTP/2 has no header for that.
   */
  closeConnection(): void {
    if (this.#rawResponse().req.httpVersionMajor === 1) this.setHeader('Connection', 'close');
  }

  /**
   * Waits until the requests that came before on the same connection have been answered; to be called before anything is
   * opened or made for this one. Where more wait than may, the connection is closed behind the refusal.
   *
   * @param cache told of the refusal
   * @throws ImageCacheError `E_IMAGE_CACHE_ABORTED` when the client goes away, `E_IMAGE_CACHE_TOO_MANY` when too many wait
   */
  async turn(cache: ImageCache): Promise<void> {
    try {
      await awaitTurn(this.#rawResponse());
    } catch (error) {
      if (isImageCacheError(error, 'E_IMAGE_CACHE_TOO_MANY')) cache.reportLimited(error);
      this.closeConnection();
      throw error;
    }
  }

  /** Aborted when the client goes away before it has been answered. */
  clientSignal(): AbortSignal {
    return clientSignal(this.#rawResponse());
  }

  /** Calls back once when the response has been sent, or nobody takes it any more. */
  whenOver(tell: () => void): void {
    whenOver(this.#rawResponse(), tell);
  }

  #snapshot(): Snapshot {
    return { status: this.#settable.statusCode, headers: { ...this.#settable.getHeaders() } };
  }

  #currentHeader(name: string): string | undefined {
    return toText(this.#settable.getHeaders()[name]);
  }

  /** What responses of Express and replies of Fastify have in common. */
  get #settable(): Pick<ServerResponse, 'statusCode' | 'getHeaders'> {
    return this.#response as ServerResponse;
  }

  #rawResponse(): ServerResponse {
    const response = this.#response as ServerResponse & { readonly raw?: ServerResponse };
    return response.raw ?? response;
  }
}

function toText(value: OutgoingHttpHeader | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
