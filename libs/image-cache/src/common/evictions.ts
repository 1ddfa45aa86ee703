import type { CacheStore } from '../ports/cache-store.js';
import type { Eviction } from '../ports/cache-bus.js';
import type { Evicted } from '../ports/entry.js';
import type { Generations } from './generations.js';

/** The image that an eviction is about; `undefined` when it is about all of them. */
export function groupIn(eviction: Eviction): string | undefined {
  if ('key' in eviction) return eviction.key.group;
  return 'group' in eviction ? eviction.group : undefined;
}

/** Evicts from one store what was evicted from another. */
export function evictFrom(store: CacheStore, eviction: Eviction): Promise<Evicted> {
  if ('key' in eviction) return store.delete(eviction.key);
  if ('group' in eviction) return store.deleteGroup(eviction.group);
  return store.clear(eviction.kind);
}

/** Ends the generations that an eviction ends. */
export function endGenerations(generations: Generations, eviction: Eviction): void {
  const group = groupIn(eviction);
  if (group === undefined) generations.bumpAll();
  else generations.bump(group);
}
