import { flag, integer, number, seconds, size } from '../key-definition.js';
import { DAY } from './durations.js';

/** When the source is asked, and when the cache is swept. */
export const MODE_KEYS = [
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
