import { messageOf } from '../common/errors.js';
import { invalidOption, parseInteger, refuseUnknownKeys, shown } from '../common/options.js';
import { parseDuration } from '../common/units.js';
import type { FolderListing, KeptPart, PrefetchOptions, VariantWords } from './prefetch-options.js';
import { operationWords } from './operation-words.js';

/** Options with everything checked, filled in and in milliseconds. */
export interface ResolvedPrefetch {
  readonly directory: string | undefined;
  readonly durable: boolean;
  readonly maxJobs: number;
  readonly interval: number;
  readonly initialDelay: number;
  readonly concurrency: number;
  readonly variants: readonly string[];
  readonly attempts: number;
  readonly patience: number;
  readonly backOff: number;
  readonly maxBackOff: number;
  readonly words: VariantWords;
  readonly info: KeptPart | undefined;
  readonly original: KeptPart | undefined;
  readonly folder: FolderListing | undefined;
}

const KEYS: readonly (keyof PrefetchOptions)[] = [
  'directory',
  'durable',
  'maxJobs',
  'interval',
  'initialDelay',
  'concurrency',
  'variants',
  'attempts',
  'patience',
  'backOff',
  'maxBackOff',
  'words',
  'info',
  'original',
  'folder',
];

/**
 * Checks the options and fills in the defaults.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`, the message starting with the full path of the option
 */
export function resolvePrefetchOptions(options: PrefetchOptions, path = 'prefetch'): ResolvedPrefetch {
  refuseUnknownKeys(options, KEYS, path);
  const { directory, durable = false, words = operationWords, variants = [], folder } = options;
  if (directory !== undefined && (typeof directory !== 'string' || directory.trim() === ''))
    throw invalidOption(`${path}.directory`, 'has to name a directory; leave it out for a queue in memory.');
  if (typeof durable !== 'boolean')
    throw invalidOption(`${path}.durable`, `${shown(durable)} is neither true nor false.`);
  if (typeof words.expand !== 'function') throw invalidOption(`${path}.words`, 'is no object with expand().');
  if (folder !== undefined && typeof folder !== 'function') throw invalidOption(`${path}.folder`, 'is no function.');
  return {
    directory,
    durable,
    words,
    folder,
    variants: checkVariants(variants, `${path}.variants`, words),
    maxJobs: parseInteger(options.maxJobs ?? 100_000, `${path}.maxJobs`, { min: 1, max: 1_000_000 }),
    ...prefetchTimes(options, path),
    concurrency: parseInteger(options.concurrency ?? 1, `${path}.concurrency`, { min: 1, max: 1020 }),
    attempts: parseInteger(options.attempts ?? 5, `${path}.attempts`, { min: 1, max: 1000 }),
    patience: parseDuration(options.patience ?? '1d', `${path}.patience`),
    backOff: parseDuration(options.backOff ?? '30s', `${path}.backOff`),
    maxBackOff: parseDuration(options.maxBackOff ?? '1h', `${path}.maxBackOff`),
    info: checkPart(options.info, `${path}.info`),
    original: checkPart(options.original, `${path}.original`),
  };
}

/**
 * When the queue is swept; milliseconds.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`, the message starting with the full path of the option
 */
export function prefetchTimes(
  { interval = '5m', initialDelay = '10s' }: Pick<PrefetchOptions, 'interval' | 'initialDelay'>,
  path = 'prefetch',
): Pick<ResolvedPrefetch, 'interval' | 'initialDelay'> {
  return {
    interval: parseDuration(interval, `${path}.interval`),
    initialDelay: parseDuration(initialDelay, `${path}.initialDelay`),
  };
}

/** Variants that one request or option may name. */
const MOST = 10_000;

/**
 * Names of variants, each once.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`, the message starting with the path of the one that is none
 */
export function checkVariants(variants: unknown, path: string, words: VariantWords): readonly string[] {
  if (!Array.isArray(variants) || variants.length > MOST)
    throw invalidOption(path, `${shown(variants)} is no list of at most ${MOST} variants.`);
  const names: string[] = [];
  for (const [index, variant] of variants.entries()) {
    const where = `${path}[${index}]`;
    if (typeof variant !== 'string' || variant === '')
      throw invalidOption(where, `${shown(variant)} is not the name of a variant.`);
    try {
      words.check?.(variant);
    } catch (cause) {
      throw invalidOption(where, `${shown(variant)} is no variant: ${messageOf(cause)}`);
    }
    names.push(variant);
  }
  return [...new Set(names)];
}

function checkPart(part: KeptPart | undefined, path: string): KeptPart | undefined {
  if (part === undefined) return undefined;
  for (const method of ['has', 'keep'] as const)
    if (typeof part[method] !== 'function') throw invalidOption(path, `is no object with ${method}().`);
  return part;
}
