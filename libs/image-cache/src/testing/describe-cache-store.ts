import assert from 'node:assert/strict';
import type { CacheStore, StoreContext, StoreIncident } from '../ports/cache-store.js';
import { FakeClock } from './fake-clock.js';
import { closingLaws } from './laws/closing-laws.js';
import { evictionLaws } from './laws/eviction-laws.js';
import { fencingLaws } from './laws/fencing-laws.js';
import type { CacheStoreLaw } from './laws/law.js';
import { leaseLaws } from './laws/lease-laws.js';
import { listingLaws } from './laws/listing-laws.js';
import { publishingLaws } from './laws/publishing-laws.js';
import { readingLaws } from './laws/reading-laws.js';
import { reservationLaws } from './laws/reservation-laws.js';
import { sharingLaws } from './laws/sharing-laws.js';

/** All that holds of every store. */
export const cacheStoreLaws: readonly CacheStoreLaw[] = [
  ...publishingLaws,
  ...reservationLaws,
  ...fencingLaws,
  ...evictionLaws,
  ...readingLaws,
  ...listingLaws,
  ...sharingLaws,
  ...leaseLaws,
  ...closingLaws,
];

/** A store that was made for one law. */
export interface CreatedStore {
  /** Empty; it is opened before the law and closed after it. */
  readonly store: CacheStore;
  /**
   * Makes one more store at the same place, as another process or a later one would. Without it, stores whose features
   * say that they are shared or persistent break the laws that say what this means.
   */
  readonly another?: () => CacheStore;
  /** Takes away what the store leaves behind. */
  readonly dispose?: () => Promise<void>;
}

/** What is described. */
export interface CacheStoreSubject {
  /** Makes an empty store that has at least 64 MB of room. */
  readonly create: (context: StoreContext) => CreatedStore | Promise<CreatedStore>;
  /** Names of laws that need not hold. */
  readonly exempt?: readonly string[];
}

/** The part of a test runner that is needed; `describe` and `it` of Jest, Vitest and `node:test` fit. */
export interface TestRunner {
  /** Groups tests. */
  readonly describe: (name: string, body: () => void) => unknown;
  /** Declares a test; `timeout` in milliseconds. */
  readonly it: (name: string, body: () => Promise<void>, timeout?: number) => unknown;
}

/**
 * Describes a store by the laws of the port, one test for each.
 *
 * @throws Error when an exempted law is none
 */
export function describeCacheStore(name: string, subject: CacheStoreSubject, runner: TestRunner): void {
  const { exempt = [] } = subject;
  for (const each of exempt) {
    if (cacheStoreLaws.every((law) => law.name !== each)) throw new Error(`There is no law "${each}".`);
  }
  runner.describe(`${name} as a cache store`, () => {
    for (const law of cacheStoreLaws) {
      if (!exempt.includes(law.name)) runner.it(law.name, () => tryLaw(law, subject), law.timeout);
    }
  });
}

/** Bodies up to this many bytes travel as one Buffer while laws are tried. */
const MAX_BUFFERED_ENTRY = 64 * 1024;

/** Tries one law on a store of its own. */
export async function tryLaw(law: CacheStoreLaw, { create }: CacheStoreSubject): Promise<void> {
  const clock = new FakeClock();
  const incidents: StoreIncident[] = [];
  const report = (incident: StoreIncident): void => void incidents.push(incident);
  const created = await create({ clock, maxBufferedEntry: MAX_BUFFERED_ENTRY, report });
  const { store, dispose } = created;
  const stores = [store];
  const another = async (): Promise<CacheStore> => {
    assert.ok(created.another, NOT_ALONE);
    const made = created.another();
    stores.push(made);
    await made.open?.();
    return made;
  };
  try {
    await store.open?.();
    await law.run({ store, clock, maxBufferedEntry: MAX_BUFFERED_ENTRY, another });
    assert.ok(incidents.length === 0, `the store reported where nothing was wrong: ${incidents[0]?.message ?? ''}`);
  } finally {
    for (const each of stores) await each.close?.();
    await dispose?.();
  }
}

const NOT_ALONE =
  'The features of the store say that it is shared or persistent: let `create` answer with `another`, too, which makes ' +
  'one more store at the same place.';
