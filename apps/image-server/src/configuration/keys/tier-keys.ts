import { flag, implementation, integer, map, seconds, size } from '../key-definition.js';
import { MONTH } from './durations.js';
import { OWN_STORE, STORES } from './stores-by-name.js';

/** What is kept, where and for how long. */
export const TIER_KEYS = [
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
