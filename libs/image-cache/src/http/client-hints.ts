import { invalidOption, refuseUnknownKeys, shown } from '../common/options.js';
import { CACHE_CONTROL_KEYS, formatCacheControl, withoutLifetime, type CacheControlOptions } from './cache-control.js';

/** What browsers, proxies and CDNs are told about good answers. */
export interface ClientOptions extends CacheControlOptions {
  /** What CDNs go by instead of `Cache-Control` (RFC 9213); not sent with answers that are private. */
  readonly cdn?: Omit<CacheControlOptions, 'sharedMaxAge' | 'visibility'>;
  /** Whether `Cache-Tag` and `Surrogate-Key` name the image, for purges; not sent with answers that are private. @default false */
  readonly tags?: boolean;
}

/** {@link ClientOptions} as headers. */
export interface ClientHints {
  readonly cacheControl?: string | undefined;
  readonly cdnCacheControl?: string | undefined;
  readonly tags: boolean;
}

/** Of an answer that says nothing. */
export const NO_HINTS: ClientHints = { tags: false };

const KEYS: readonly (keyof ClientOptions)[] = [...CACHE_CONTROL_KEYS, 'cdn', 'tags'];

/** What a CDN is not told by its own header: it is a shared cache, and what is private is not for it. */
const NOT_OF_CDN: readonly string[] = ['sharedMaxAge', 'visibility'];

/**
 * Writes the headers for clients.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` with the path of the wrong option, which starts with `path`
 */
export function formatClientHints(options: ClientOptions, path: string): ClientHints {
  refuseUnknownKeys(options, KEYS, path);
  const { cdn, tags = false, ...forAll } = options;
  if (typeof tags !== 'boolean') throw invalidOption(`${path}.tags`, `${shown(tags)} is neither true nor false.`);
  const cacheControl = formatCacheControl(forAll, path);
  if (cdn !== undefined)
    refuseUnknownKeys(
      cdn,
      CACHE_CONTROL_KEYS.filter((key) => !NOT_OF_CDN.includes(key)),
      `${path}.cdn`,
    );
  const cdnCacheControl = cdn && formatCacheControl(cdn, `${path}.cdn`);
  return forAll.visibility === 'private' ? { cacheControl, tags: false } : { cacheControl, cdnCacheControl, tags };
}

/** The headers for what is past its time: whoever keeps it asks again before it is used. */
export function hintsWithoutLifetime({ cacheControl, cdnCacheControl, tags }: ClientHints): ClientHints {
  return {
    cacheControl: cacheControl && withoutLifetime(cacheControl),
    cdnCacheControl: cdnCacheControl && withoutLifetime(cdnCacheControl),
    tags,
  };
}
