import {
  formatHttpDate,
  type Fetched,
  type FetchedOriginal,
  type FetchOptions,
  type RemoteSource,
  type SourceLookup,
  type SourceStamp,
} from 'nestjs-image-cache';
import type { Dispatcher } from 'undici';
import { IiifError } from '../../errors.js';
import { isHidden, parseIdentifier } from '../identifier.js';
import type { Original, OriginalSource } from '../original-source.js';
import { unavailable } from '../source-root.js';
import { AllowList } from './allow-list.js';
import { dump, HttpClient } from './http-client.js';
import { resolveHttpOptions, type HttpSourceOptions, type ResolvedHttpOptions } from './http-options.js';
import { urlOf } from './identifier-url.js';
import { discard, field, imageBody, MISSING, modifiedAt, sizeOf, stampOf, tooLarge, type Headers } from './response.js';
import { TemporaryOriginals } from './temporary-originals.js';

/** Statuses of servers that answer no HEAD, or not to this client. */
const NO_HEAD: readonly number[] = [403, 405, 501];

/**
 * Originals behind a URL. Nothing but what is below the prefix is fetched, and no machine is connected to that has no public
 * address, unless the operator has named it. Without the cache of originals, each is fetched for every use.
 */
export class HttpSource implements OriginalSource, RemoteSource {
  readonly name: string;
  /** HTTP knows no folders. */
  readonly isListable = false;
  readonly #options: ResolvedHttpOptions;
  readonly #client: HttpClient;
  readonly #temporary = new TemporaryOriginals();

  /** @throws IiifError `E_IIIF_BAD_OPTIONS`, ImageCacheError `E_IMAGE_CACHE_OPTIONS` when an option is wrong */
  constructor(options: HttpSourceOptions) {
    this.#options = resolveHttpOptions(options);
    this.name = this.#options.name;
    this.#client = new HttpClient(this.#options, new AllowList(this.#options.urlPrefix, this.#options.allow));
  }

  /**
   * Asks for an original by HEAD; a server that does not know that is asked for the first byte.
   *
   * @throws IiifError `E_IIIF_BAD_IDENTIFIER` (400), `E_IIIF_SOURCE_UNAVAILABLE` (503)
   */
  async lookup(identifier: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<SourceLookup> {
    const url = this.#urlOf(identifier);
    if (url === undefined) return { status: 'missing' };
    const told = await this.#lookUp(url, signal);
    if (told.status === 'found') this.#temporary.seen(identifier, told.stamp);
    return told;
  }

  /**
   * Fetches an original.
   *
   * @throws IiifError `E_IIIF_BAD_IDENTIFIER` (400), `E_IIIF_SOURCE_TOO_LARGE` (413), `E_IIIF_SOURCE_UNSUPPORTED` (415) when
   * it is no image by its first bytes, `E_IIIF_SOURCE_UNAVAILABLE` (503)
   */
  async fetch(identifier: string, { signal, ifStamp }: FetchOptions = {}): Promise<Fetched> {
    const url = this.#urlOf(identifier);
    if (url === undefined) return { status: 'missing' };
    const isLookup = ifStamp !== undefined;
    const headers = isLookup ? conditionsOf(ifStamp) : {};
    const response = await this.#client.ask(url, { method: 'GET', headers, signal, isLookup });
    if (response.statusCode === 200) return this.#found(response);
    await dump(response);
    if (MISSING.includes(response.statusCode)) return { status: 'missing' };
    if (response.statusCode === 304 && ifStamp !== undefined) return { status: 'not-modified' };
    throw unexpected(response);
  }

  /** {@inheritDoc OriginalSource.open} */
  async open(identifier: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Original> {
    signal?.throwIfAborted();
    const fetch = async (lastLeft: AbortSignal): Promise<FetchedOriginal> => {
      const fetched = await this.fetch(identifier, { signal: lastLeft });
      if (fetched.status === 'found') return fetched;
      throw new IiifError('E_IIIF_NOT_FOUND', 'There is no such image.');
    };
    return this.#temporary.open(identifier, { fetch, signal });
  }

  /** Has nothing: HTTP does not tell what there is. */
  async *list(): AsyncGenerator<string> {
    // nothing is known
  }

  /** {@inheritDoc OriginalSource.ping} */
  async ping(): Promise<void> {
    const prefix = new URL(this.#options.urlPrefix);
    const response = await this.#client.ask(prefix, { method: 'HEAD', takesRedirects: true });
    await dump(response);
    // Most servers have nothing at the prefix itself, or a page that is elsewhere; that they say so is enough.
    if (response.statusCode >= 500 && response.statusCode !== 501) throw unexpected(response);
  }

  /** Closes the connections. */
  close(): Promise<void> {
    return this.#client.close();
  }

  async #lookUp(url: URL, signal: AbortSignal | undefined): Promise<SourceLookup> {
    const head = await this.#client.ask(url, { method: 'HEAD', signal });
    await dump(head);
    if (!NO_HEAD.includes(head.statusCode)) return lookedUp(head);
    const first = await this.#client.ask(url, {
      method: 'GET',
      headers: { range: 'bytes=0-0' },
      signal,
      isLookup: true,
    });
    // Who ignores the range sends everything.
    if (first.statusCode === 200) discard(first.body);
    else await dump(first);
    return lookedUp(first);
  }

  /** What is hidden is not asked for, as with files. */
  #urlOf(identifier: string): URL | undefined {
    const url = urlOf(this.#options.urlPrefix, identifier);
    return isHidden(parseIdentifier(identifier)) ? undefined : url;
  }

  async #found({ headers, body }: Dispatcher.ResponseData): Promise<FetchedOriginal> {
    const { maxSize } = this.#options;
    const size = sizeOf(headers);
    const refusal = size !== undefined && size > maxSize ? tooLarge() : encodingRefusal(headers);
    if (refusal !== undefined) {
      discard(body);
      throw refusal;
    }
    const contentType = field(headers, 'content-type') ?? 'application/octet-stream';
    const image = await imageBody(body, maxSize);
    return {
      status: 'found',
      stamp: stampOf(headers, size),
      contentType,
      ...(size !== undefined && { size }),
      body: image,
    };
  }
}

function lookedUp(response: Dispatcher.ResponseData): SourceLookup {
  const { statusCode, headers } = response;
  if (MISSING.includes(statusCode)) return { status: 'missing' };
  if (statusCode !== 200 && statusCode !== 206) throw unexpected(response);
  return { status: 'found', stamp: stampOf(headers, sizeOf(headers)) };
}

/** RFC 9110, 13.1. */
function conditionsOf(stamp: SourceStamp): Record<string, string> {
  const modified = modifiedAt(stamp);
  if (stamp.etag !== undefined) return { 'if-none-match': stamp.etag };
  return modified === undefined ? {} : { 'if-modified-since': formatHttpDate(modified) };
}

function encodingRefusal(headers: Headers): IiifError | undefined {
  const encoding = field(headers, 'content-encoding') ?? 'identity';
  if (encoding.toLowerCase() === 'identity') return undefined;
  return unavailable('The source sends the image compressed, which it was asked not to.');
}

function unexpected({ statusCode }: Dispatcher.ResponseData): IiifError {
  return unavailable(`The source answered with status ${statusCode}.`);
}
