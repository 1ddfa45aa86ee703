import { flag, integer, list, path, seconds } from '../key-definition.js';

/** What is cached before anybody asks. */
export const PREFETCH_KEYS = [
  flag('cache.server.prefetch.enabled', { fallback: false, description: 'Cache images that are queued beforehand.' }),
  seconds('cache.server.prefetch.interval', {
    fallback: 300,
    description: 'Time between two sweeps of the queue; 0 = only on demand.',
  }),
  integer('cache.server.prefetch.concurrency', {
    fallback: 1,
    min: 1,
    max: 1020,
    description: 'Images at a time; fewer than `processor.concurrency`.',
  }),
  list('cache.server.prefetch.variants', {
    fallback: [],
    description:
      'Variants of every image that is queued: `full/400,/0/default.jpg`, or `tiles:0-2` for levels of a viewer.',
  }),
  path('cache.server.prefetch.pathname', {
    otherwise:
      'beside cache.FilesystemCache.pathname or cache.server.source.pathname, with `-queue` behind its name; in memory without one',
    description: 'Directory of the queue.',
  }),
] as const;
