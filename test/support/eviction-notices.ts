import { FakeClock } from 'nestjs-image-cache/testing';
import type { CacheEvents } from '../../libs/image-cache/src/observability/events.js';
import { EvictionNotices } from '../../libs/image-cache/src/tiers/eviction-notices.js';

/** Of a cache that nobody stands in front of. */
export function nobodyTold(events: CacheEvents): EvictionNotices {
  const { signal: closing } = new AbortController();
  return new EvictionNotices({ hook: undefined, clock: new FakeClock(), events, closing });
}
