import { parseDuration, parseSize, type Duration, type Size } from 'nestjs-image-cache';
import { IiifError } from '../../errors.js';
import type { ResolveHost } from './guarded-agent.js';

/** Options of `HttpSource`. */
export interface HttpSourceOptions {
  /** Beginning of the addresses of the originals, with a slash at its end; an identifier is what comes behind it. */
  readonly urlPrefix: string;
  /**
   * Where redirects may lead beside the prefix, and which machines may be connected to that have no public address: hosts
   * (`images.example.org`, `*.example.org`, `localhost:9000`), addresses, CIDRs (`10.1.0.0/16`), beginnings of URLs.
   *
   * @default none
   */
  readonly allow?: readonly string[];
  /** Largest original. @default '2GB' */
  readonly maxSize?: Size;
  /** Redirects that are followed for one original. @default 3 */
  readonly maxRedirects?: number;
  /** How long a connection may take to be made. @default '5s' */
  readonly connectTimeout?: Duration;
  /** How long an answer may take to begin. @default '15s' */
  readonly headersTimeout?: Duration;
  /** How long a body may pause. @default '30s' */
  readonly bodyTimeout?: Duration;
  /** How long an original may take in all. @default '10m' */
  readonly timeout?: Duration;
  /** Connections to one server for originals, and as many to look them up. @default 16 */
  readonly connections?: number;
  /** Tells the addresses of a host. @default the system's resolver */
  readonly resolve?: ResolveHost;
  /** Names the source in messages. @default 'HttpSource' */
  readonly name?: string;
}

/** Options with everything checked and filled in; milliseconds and bytes. */
export interface ResolvedHttpOptions {
  readonly urlPrefix: string;
  readonly allow: readonly string[];
  readonly maxSize: number;
  readonly maxRedirects: number;
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
  readonly timeout: number;
  readonly connections: number;
  readonly resolve: ResolveHost | undefined;
  readonly name: string;
}

/** @throws IiifError `E_IIIF_BAD_OPTIONS`, ImageCacheError `E_IMAGE_CACHE_OPTIONS` with the path of the option */
export function resolveHttpOptions(options: HttpSourceOptions): ResolvedHttpOptions {
  return {
    urlPrefix: parsePrefix(options.urlPrefix),
    allow: options.allow ?? [],
    maxSize: parseSize(options.maxSize ?? '2GB', 'source.maxSize'),
    maxRedirects: wholeNumber(options.maxRedirects ?? 3, 'maxRedirects', { min: 0, max: 20 }),
    connectTimeout: time(options.connectTimeout ?? '5s', 'connectTimeout'),
    headersTimeout: time(options.headersTimeout ?? '15s', 'headersTimeout'),
    bodyTimeout: time(options.bodyTimeout ?? '30s', 'bodyTimeout'),
    timeout: time(options.timeout ?? '10m', 'timeout'),
    connections: wholeNumber(options.connections ?? 16, 'connections', { min: 1, max: 1000 }),
    resolve: options.resolve,
    name: options.name ?? 'HttpSource',
  };
}

function parsePrefix(prefix: unknown): string {
  const url = typeof prefix === 'string' && URL.canParse(prefix) ? new URL(prefix) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
    throw bad('urlPrefix', 'must be an http or https URL without query and fragment.');
  }
  if (url.username !== '' || url.password !== '') throw bad('urlPrefix', 'must not contain a user or a password.');
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

function time(value: Duration, name: string): number {
  const milliseconds = parseDuration(value, `source.${name}`);
  // 0 would be for ever: a server that does not answer must not hold requests for ever.
  if (milliseconds === 0) throw bad(name, 'must be more than 0.');
  return milliseconds;
}

function wholeNumber(value: number, name: string, { min, max }: { min: number; max: number }): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw bad(name, `${value} is not a whole number from ${min} to ${max}.`);
}

function bad(name: string, problem: string): IiifError {
  return new IiifError('E_IIIF_BAD_OPTIONS', `source.${name} ${problem}`);
}
