import { fileURLToPath } from 'node:url';
import {
  choice,
  flag,
  implementation,
  integer,
  map,
  number,
  path,
  seconds,
  size,
  text,
  url,
  type ValuesOf,
} from './key-definition.js';

/** The images that come with the server. */
const SAMPLES = fileURLToPath(new URL('../../samples', import.meta.url));

const MONTH = 2_592_000;
const DAY = 86_400;

/** The stores that come with the server; every other implementation is the module of a store. */
export const STORES = ['FilesystemCache', 'HeapCache'] as const;

const OWN_STORE = 'or a module of your own: a package, or a path';

const http = [
  text('host', { fallback: '127.0.0.1', description: 'Address to listen on; `0.0.0.0` for all.' }),
  integer('port', { fallback: 8182, max: 65_535, description: 'Port to listen on; 0 for any that is free.' }),
  url('base_uri', {
    otherwise: 'the scheme and host that the client has used',
    description: 'URI in front of `/iiif` in documents and links.',
  }),
  flag('trust_proxy', { fallback: false, description: 'Whether to believe `X-Forwarded-Host`, `-Proto` and `-For`.' }),
] as const;

const client = [
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

const modes = [
  flag('cache.server.resolve_first', {
    fallback: false,
    description: 'Conservative mode: look the source up before anything cached is returned.',
  }),
  seconds('cache.server.revalidate_after', {
    fallback: 0,
    description: 'For how long a lookup is remembered in conservative mode.',
  }),
  flag('cache.server.evict_missing', {
    fallback: false,
    description: 'A source image that is gone takes what is cached of it along.',
  }),
  flag('cache.server.worker.enabled', { fallback: false, description: 'Sweep the cache regularly.' }),
  seconds('cache.server.worker.interval', { fallback: DAY, min: 1, description: 'Time between two shifts.' }),
  seconds('cache.server.worker.initial_delay', { fallback: 60, description: 'Time to the first shift.' }),
  number('cache.server.worker.share', {
    fallback: 0.5,
    min: 0.01,
    max: 1,
    description: 'Part of the time for which a sweep of files may be busy.',
  }),
  integer('cache.server.worker.files_per_second', {
    otherwise: 'any',
    min: 1,
    max: 1_000_000_000,
    description: 'Files that a sweep looks at.',
  }),
  size('cache.server.worker.bytes_per_second', {
    fallback: '16MB',
    description: 'Bytes that are read to be verified; ten minutes of each shift.',
  }),
  seconds('cache.server.stall_seconds', {
    fallback: DAY,
    min: 1,
    description: 'An unfinished write that is older than this is abandoned.',
  }),
] as const;

const tiers = [
  flag('cache.server.heap_info.enabled', { fallback: true, description: 'Keep infos in memory.' }),
  size('cache.server.heap_info.max_size', {
    otherwise: '5 % of the heap limit',
    description: 'Estimated size of the infos in memory.',
  }),
  flag('cache.server.info.enabled', {
    otherwise: 'true with a durable variant cache',
    description: 'Keep infos in a store.',
  }),
  implementation('cache.server.info.implementation', {
    choices: STORES,
    otherwise: 'that of the variants',
    description: `Store of the infos: \`FilesystemCache\`, \`HeapCache\`, ${OWN_STORE}.`,
  }),
  map('cache.server.info.options', {
    otherwise: 'those of the variants, if the store is theirs',
    description: 'What `createStore` is called with; a map.',
  }),
  seconds('cache.server.info.ttl_seconds', {
    fallback: MONTH,
    description: 'Time after the last access when an info goes; 0 = never.',
  }),
  flag('cache.server.variant.enabled', { fallback: false, description: 'Keep processed images.' }),
  implementation('cache.server.variant.implementation', {
    choices: STORES,
    description: `Store of the processed images: \`FilesystemCache\`, \`HeapCache\`, ${OWN_STORE}.`,
  }),
  map('cache.server.variant.options', {
    otherwise: 'none',
    description: 'What `createStore` is called with; a map.',
  }),
  seconds('cache.server.variant.ttl_seconds', {
    fallback: MONTH,
    description: 'Time after the last access when a variant goes; 0 = never.',
  }),
  seconds('cache.server.variant.staleness_seconds', {
    fallback: 0,
    description: 'Time after its creation when a variant is rendered anew; 0 = never.',
  }),
  seconds('cache.server.variant.stale_seconds', {
    fallback: 0,
    description: 'Time for which a variant is served on while it is renewed, or the source is down; 0 = none.',
  }),
  seconds('cache.server.variant.negative_ttl_seconds', {
    fallback: 0,
    description: 'Time for which it is remembered that there is no such image; 0 = none.',
  }),
  size('cache.server.variant.hot_size', {
    fallback: 0,
    description: 'Memory for the most recently used variants, in front of their store; 0 = none.',
  }),
  size('cache.server.variant.max_size', {
    fallback: 10 * 1024 ** 3,
    description:
      'What a FilesystemCache may take on the disk, infos included; the least recently used go. 0 = no bound.',
  }),
  integer('cache.server.variant.max_entries', {
    otherwise: 'no bound',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Entries that a FilesystemCache may have.',
  }),
  size('cache.server.variant.min_free', {
    otherwise: 'no bound',
    description: 'What a FilesystemCache leaves free on the disk, whoever fills it.',
  }),
  integer('cache.server.variant.min_free_inodes', {
    otherwise: 'no bound',
    max: Number.MAX_SAFE_INTEGER,
    description: 'Inodes that a FilesystemCache leaves free on the disk.',
  }),
  size('cache.server.variant.max_entry_size', {
    otherwise: 'no bound',
    description: 'Larger pictures are not stored.',
  }),
] as const;

const stores = [
  path('cache.FilesystemCache.pathname', {
    description: 'Directory that the cache may have for itself; empty, or a cache already.',
  }),
  integer('cache.FilesystemCache.dir.depth', { fallback: 3, max: 8, description: 'Levels of directories.' }),
  integer('cache.FilesystemCache.dir.name_length', {
    fallback: 2,
    min: 1,
    max: 8,
    description: 'Characters that name a level.',
  }),
  flag('cache.FilesystemCache.durable', {
    fallback: false,
    description: 'Wait until an entry is on the disk before it is published.',
  }),
  size('cache.HeapCache.target_size', { fallback: '128MB', description: 'Memory for entries of a HeapCache.' }),
] as const;

const images = [
  choice('source.implementation', {
    choices: ['FilesystemSource'],
    fallback: 'FilesystemSource',
    description: 'Where the originals are.',
  }),
  path('source.FilesystemSource.pathname', {
    fallback: SAMPLES,
    otherwise: 'the bundled samples',
    description: 'Root of the originals; an identifier is a path relative to it.',
  }),
  flag('source.FilesystemSource.identity', {
    fallback: true,
    description: 'Inode and time of change tell states of a file apart; false where hosts hold copies of their own.',
  }),
  integer('processor.max_pixels', {
    fallback: 400_000_000,
    min: 1,
    description: 'Most pixels of a source image and of a picture.',
  }),
  size('processor.max_bytes', { otherwise: 'any', description: 'Largest file of a source image.' }),
  integer('processor.max_width', { otherwise: 'any', min: 1, description: 'Widest and highest picture; pixels.' }),
  integer('processor.max_area', {
    otherwise: 'any',
    min: 1,
    description: 'Most pixels of a picture, told in info.json.',
  }),
  number('processor.max_scale', { fallback: 1, min: 1, max: 100, description: 'Most that a region is enlarged.' }),
  integer('processor.concurrency', {
    otherwise: 'the number of cores',
    min: 1,
    max: 1020,
    description: 'Pictures that are rendered at a time.',
  }),
  integer('processor.queue', { fallback: 256, max: 1_000_000, description: 'Renders that may wait.' }),
  integer('processor.per_client', { otherwise: 'any', min: 1, description: 'Renders of a client; 429 beyond.' }),
  seconds('processor.timeout', { fallback: 30, min: 1, max: 3600, description: 'Time that a picture may take.' }),
] as const;

/** All keys, in the order of the documentation. */
export const KNOWN_KEYS = [...http, ...client, ...modes, ...tiers, ...stores, ...images] as const;

/** A key that is known. */
export type KnownKey = (typeof KNOWN_KEYS)[number]['key'];

/** The values of all keys. */
export type Settings = ValuesOf<(typeof KNOWN_KEYS)[number]>;
