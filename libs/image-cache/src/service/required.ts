import { invalidOption } from '../common/options.js';

/** @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when it is no factory of stores */
export function requireStore(store: unknown, path: string): void {
  if (store === undefined || typeof store === 'function') return;
  throw invalidOption(path, 'is no store; use filesystemStore(…), heapStore(…) or another store factory.');
}

/** @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when it is no object with these methods */
export function requireMethods(value: unknown, methods: readonly string[], path: string): void {
  if (value === undefined) return;
  const members: Readonly<Record<string, unknown>> = Object(value) as Record<string, unknown>;
  const missing = methods.filter((name) => typeof members[name] !== 'function');
  if (missing.length > 0)
    throw invalidOption(path, `is no object with ${missing.map((name) => `${name}()`).join(', ')}.`);
}
