import { flag, integer, path, size } from '../key-definition.js';

/** The stores that come with the server. */
export const STORE_KEYS = [
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
