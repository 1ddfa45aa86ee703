import { describe, it } from '@jest/globals';
import { filesystemStore, heapStore, type CacheStore, type StoreContext } from 'nestjs-image-cache';
import { ChaosStore, describeCacheStore, type CreatedStore } from 'nestjs-image-cache/testing';
import { ObservedStore } from '../../libs/image-cache/src/stores/observed-store.js';
import { ResilientStore } from '../../libs/image-cache/src/stores/resilient-store.js';
import { TieredStore } from '../../libs/image-cache/src/stores/tiered-store.js';
import { makeDirectory } from '../support/directories.js';

type Wrap = (files: CacheStore, context: StoreContext) => CacheStore;

const ignore = (): void => undefined;

const observed: Wrap = (store, { clock }) => new ObservedStore(store, { clock, onCall: ignore });

const resilient: Wrap = (store, { clock }) =>
  new ResilientStore(store, {
    clock,
    timeout: 1000,
    writeTimeout: 1000,
    onError: 'bypass',
    failures: 1,
    cooldown: 60_000,
    onChange: ignore,
  });

const tiered =
  (maxSize: string): Wrap =>
  (files, context) =>
    new TieredStore(heapStore({ maxSize })(context), files);

/** What another process evicts stays in the memory of this one until it has learnt of it; what it replaces, longer. */
const WITH_MEMORY: Readonly<Record<string, Wrap>> = {
  'a heap level over files': tiered('64MB'),
  'a heap level that is too small for most over files': tiered('64KB'),
  'a heap level over a heap level over files': (files, context) =>
    tiered('64KB')(tiered('64MB')(files, context), context),
  'files under all that the cache puts over them': (files, context) =>
    tiered('64MB')(resilient(observed(files, context), context), context),
};

const WITHOUT_MEMORY: Readonly<Record<string, Wrap>> = {
  'files that are observed': observed,
  'files that are kept from doing harm': resilient,
  'files with chaos that is not made': (files, { clock }) => new ChaosStore(files, clock),
};

function describeWrap(name: string, wrap: Wrap, exempt: readonly string[]): void {
  const create = async (context: StoreContext): Promise<CreatedStore> => {
    const { path, remove } = await makeDirectory();
    const another = () => wrap(filesystemStore({ directory: path })(context), context);
    return { store: another(), another, dispose: remove };
  };
  describeCacheStore(name, { create, exempt }, { describe, it });
}

const OWN_MEMORY = [
  'shows what another store at its place publishes and records, where it is shared',
  'shows nothing of what another store at its place has evicted, where it is shared',
];

for (const [name, wrap] of Object.entries(WITHOUT_MEMORY)) describeWrap(name, wrap, []);
for (const [name, wrap] of Object.entries(WITH_MEMORY)) describeWrap(name, wrap, OWN_MEMORY);
