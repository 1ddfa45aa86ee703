import { fileURLToPath } from 'node:url';
import { choice, flag, integer, list, path, seconds, size, url } from '../key-definition.js';
import { DAY, MONTH } from './durations.js';

/** The images that come with the server. */
const SAMPLES = fileURLToPath(new URL('../../../samples', import.meta.url));

/** Where the originals are. */
export const SOURCE_KEYS = [
  choice('source.implementation', {
    choices: ['FilesystemSource', 'HttpSource'],
    fallback: 'FilesystemSource',
    description: 'Where the originals are: `FilesystemSource` or `HttpSource`.',
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
  url('source.HttpSource.url_prefix', {
    description: 'Beginning of the URLs of the originals; an identifier is what comes behind it.',
  }),
  list('source.HttpSource.allow', {
    fallback: [],
    description: 'Hosts, CIDRs and beginnings of URLs where redirects may lead, and that may have private addresses.',
  }),
  size('source.HttpSource.max_size', { fallback: '2GB', description: 'Largest original that is fetched.' }),
  integer('source.HttpSource.max_redirects', { fallback: 3, max: 20, description: 'Redirects that are followed.' }),
  seconds('source.HttpSource.connect_timeout', {
    fallback: 5,
    min: 1,
    max: 3600,
    description: 'Time for a connection to be made.',
  }),
  seconds('source.HttpSource.headers_timeout', {
    fallback: 15,
    min: 1,
    max: 3600,
    description: 'Time for an answer to begin.',
  }),
  seconds('source.HttpSource.body_timeout', {
    fallback: 30,
    min: 1,
    max: 3600,
    description: 'Time for which an answer may pause.',
  }),
  seconds('source.HttpSource.timeout', {
    fallback: 600,
    min: 1,
    max: DAY,
    description: 'Time for an original in all.',
  }),
] as const;

/** The cache of originals. */
export const ORIGINALS_KEYS = [
  flag('cache.server.source.enabled', {
    fallback: false,
    description: 'Keep whole originals; for sources that fetch them, such as `HttpSource`.',
  }),
  path('cache.server.source.pathname', {
    description: 'Directory that the originals may have for themselves; not that of the FilesystemCache.',
  }),
  size('cache.server.source.max_size', {
    fallback: 10 * 1024 ** 3,
    description: 'What originals may take on the disk; the least recently used go. 0 = no bound.',
  }),
  seconds('cache.server.source.staleness_seconds', {
    fallback: DAY,
    description: 'Time for which the source is not asked whether an original is still good; 0 = never asked.',
  }),
  seconds('cache.server.source.ttl_seconds', {
    fallback: MONTH,
    description: 'Time after the last access when an original goes; 0 = never.',
  }),
  integer('cache.server.source.concurrency', {
    fallback: 8,
    min: 1,
    max: 1000,
    description: 'Originals that are fetched at a time.',
  }),
  seconds('cache.server.source.stall_seconds', {
    otherwise: '`cache.server.stall_seconds`',
    min: 1,
    description: 'An unfinished fetch that is older than this is abandoned.',
  }),
] as const;
