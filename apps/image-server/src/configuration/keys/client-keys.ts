import { flag, seconds, text } from '../key-definition.js';
import { MONTH } from './durations.js';

/** What clients and CDNs are told. */
export const CLIENT_KEYS = [
  flag('cache.client.enabled', { fallback: true, description: 'Send `Cache-Control` with images and infos.' }),
  seconds('cache.client.max_age', { fallback: MONTH, description: '`max-age`.' }),
  seconds('cache.client.shared_max_age', { otherwise: 'not sent', description: '`s-maxage`.' }),
  flag('cache.client.public', { otherwise: 'true unless private', description: '`public`: shared caches may store.' }),
  flag('cache.client.private', { otherwise: 'false', description: '`private`: only the client may store.' }),
  flag('cache.client.no_cache', { fallback: false, description: '`no-cache`.' }),
  flag('cache.client.no_store', { fallback: false, description: '`no-store`.' }),
  flag('cache.client.must_revalidate', { fallback: false, description: '`must-revalidate`.' }),
  flag('cache.client.proxy_revalidate', { fallback: false, description: '`proxy-revalidate`.' }),
  flag('cache.client.no_transform', { fallback: true, description: '`no-transform`.' }),
  flag('cache.client.immutable', { fallback: false, description: '`immutable` (RFC 8246).' }),
  seconds('cache.client.stale_while_revalidate', {
    otherwise: 'not sent',
    description: '`stale-while-revalidate` (RFC 5861).',
  }),
  seconds('cache.client.stale_if_error', { otherwise: 'not sent', description: '`stale-if-error` (RFC 5861).' }),
  text('cache.client.cdn_cache_control', {
    otherwise: 'not sent',
    description: '`CDN-Cache-Control` (RFC 9213), such as `max-age=86400`; not with private answers.',
  }),
  flag('cache.client.surrogate_keys', {
    fallback: false,
    description: '`Cache-Tag` and `Surrogate-Key`, to purge an image from a CDN; not with private answers.',
  }),
] as const;
