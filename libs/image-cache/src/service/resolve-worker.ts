import { invalidOption, parseInteger, refuseUnknownKeys } from '../common/options.js';
import { parseDuration, parseSize } from '../common/units.js';
import type { MaintenanceRate } from '../ports/cache-store.js';
import type { SweepRateOptions, WorkerOptions } from './image-cache-options.js';

/** When the worker sweeps and how fast, checked and in milliseconds and bytes. */
export interface WorkerSettings {
  readonly interval: number;
  readonly initialDelay: number;
  readonly rate: MaintenanceRate;
}

/** Nobody waits for the worker: it leaves half of the time to whoever else wants the disk and the processor. */
const DEFAULT_WORKER: WorkerSettings = { interval: 86_400_000, initialDelay: 60_000, rate: { share: 0.5 } };

/** The smallest share of the time in which a sweep ever ends. */
const SMALLEST_SHARE = 0.01;

/**
 * When the worker sweeps; what is not set stays as it is in `current`.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`, the message starting with the full path of the option
 */
export function resolveWorker(
  options: WorkerOptions | false,
  path: string,
  current: WorkerSettings = DEFAULT_WORKER,
): WorkerSettings | undefined {
  if (options === false) return undefined;
  refuseUnknownKeys(options, ['interval', 'initialDelay', 'rate'], path);
  const time = (key: 'interval' | 'initialDelay'): number =>
    options[key] === undefined ? current[key] : parseDuration(options[key], `${path}.${key}`);
  const interval = time('interval');
  if (interval === 0)
    throw invalidOption(
      `${path}.interval`,
      'a worker needs time between its shifts; to have none, set worker to false.',
    );
  const rate = { ...current.rate, ...resolveRate(options.rate ?? {}, `${path}.rate`) };
  return { interval, initialDelay: time('initialDelay'), rate };
}

/**
 * How fast a sweep goes.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`, the message starting with the full path of the option
 */
export function resolveRate(options: SweepRateOptions, path: string): MaintenanceRate {
  refuseUnknownKeys(options, ['files', 'share', 'bytes'], path);
  const { files, share, bytes } = options;
  return {
    ...(files !== undefined && { files: parseInteger(files, `${path}.files`, { min: 1, max: 1_000_000_000 }) }),
    ...(share !== undefined && { share: parseShare(share, `${path}.share`) }),
    ...(bytes !== undefined && { bytes: parseBytes(bytes, `${path}.bytes`) }),
  };
}

function parseShare(value: unknown, path: string): number {
  if (typeof value === 'number' && value >= SMALLEST_SHARE && value <= 1) return value;
  throw invalidOption(path, `${JSON.stringify(value)} is not a number from ${SMALLEST_SHARE} to 1.`);
}

function parseBytes(value: unknown, path: string): number {
  const bytes = parseSize(value, path);
  if (bytes > 0) return bytes;
  throw invalidOption(path, 'has to be more than 0; leave the step "scrub" out to verify nothing.');
}
