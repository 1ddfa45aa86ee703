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
    description: 'Images at a time; fewer than `processor.concurrency`, unless that is 1.',
  }),
  list('cache.server.prefetch.variants', {
    fallback: [],
    description:
      'Variants of every image that is queued: `full/400,/0/default.jpg`, or `tiles:0-2` for levels of a viewer.',
  }),
  integer('cache.server.prefetch.attempts', {
    fallback: 5,
    min: 1,
    max: 1000,
    description: 'Attempts after which an image is given up.',
  }),
  seconds('cache.server.prefetch.back_off', {
    fallback: 30,
    description: 'Pause after the first failure; twice as long after each other one.',
  }),
  seconds('cache.server.prefetch.max_back_off', { fallback: 3600, description: 'Longest pause.' }),
  seconds('cache.server.prefetch.patience', {
    fallback: 86_400,
    description: 'Time for which nothing is given up since the source or a store is out.',
  }),
  path('cache.server.prefetch.pathname', {
    otherwise:
      'beside cache.FilesystemCache.pathname or cache.server.source.pathname, with `-queue` behind its name; in memory without one',
    description: 'Directory of the queue.',
  }),
] as const;
