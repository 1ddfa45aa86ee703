import { createKeyv } from '@keyv/redis';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { cacheManagerStore, type KeyValueCache, type StoreContext } from 'nestjs-image-cache';
import { ChaosStore, describeCacheStore, type CreatedStore } from 'nestjs-image-cache/testing';
import { postgresCache } from '../../docs/examples/postgres-cache.js';
import { describeWithPostgres, startPostgres, type PostgresServer } from '../support/postgres-server.js';
import { describeWithRedis, startRedis, type RedisServer } from '../support/redis-server.js';

/** A cache gives values for keys, and does not tell its keys: what it holds cannot be listed, nor be counted. */
const exempt: readonly string[] = [
  // Lists.
  'lists 2,000 entries page by page: none twice, none missing, all in one order',
  'lists all kinds, or one, and goes on in either',
  'lists the entries of one image and of no other, in any order, page by page',
  'goes on behind an entry that has gone since, and past entries that go meanwhile',
  'stops listing when the signal says so',
  // Counts: these evictions make entries unreachable by one record, without knowing which ones.
  'counts what an eviction of an image takes away, once when several ask for it',
  'counts what an eviction of a kind, and of everything, takes away',
  'says how many entries it holds and how large their bodies are',
];

/** The laws have bodies of 20 MB; by default, no more than 1 MB is taken. */
const maxEntrySize = '32MB';

/** Stores that are made one after the other share a server. */
let prefixes = 0;

/** A cache that ends with its store, unless it is one for all. */
interface MadeCache {
  readonly cache: KeyValueCache;
  readonly dispose?: () => Promise<unknown>;
}

/** Describes the store on a cache, alone and under a wrapper that tests of applications put around it. */
function describeCache(name: string, make: () => MadeCache): void {
  const create = (context: StoreContext): CreatedStore => {
    prefixes += 1;
    const { cache, dispose } = make();
    const factory = cacheManagerStore({ cache, prefix: `store-${prefixes}`, maxEntrySize });
    const end = async (): Promise<void> => {
      await dispose?.();
    };
    return { store: factory(context), another: () => factory(context), dispose: end };
  };
  const wrapped = (context: StoreContext): CreatedStore => {
    const { store, ...rest } = create(context);
    return { ...rest, store: new ChaosStore(store, context.clock) };
  };
  describeCacheStore(name, { create, exempt }, { describe, it });
  describeCacheStore(`${name}, with chaos that is not made`, { create: wrapped, exempt }, { describe, it });
}

describeCache('a cache of cache-manager in memory', () => ({ cache: createCache() }));

describeCache('a Keyv in memory', () => ({ cache: new Keyv() }));

describeWithRedis('with a redis-server', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedis();
  });

  afterAll(() => redis.stop());

  describeCache('a Keyv on Redis', () => {
    const cache = createKeyv(redis.url, { throwOnErrors: true });
    return { cache, dispose: () => cache.disconnect() };
  });

  describeCache('a cache of cache-manager on Redis, not blocking', () => {
    const keyv = createKeyv(redis.url, { throwOnErrors: true });
    const cache = createCache({ stores: [keyv], nonBlocking: true, ttl: 1000 });
    return { cache, dispose: () => cache.disconnect() };
  });
});

describeWithPostgres('with PostgreSQL', () => {
  let postgres: PostgresServer;
  let cache: Keyv;

  beforeAll(async () => {
    postgres = await startPostgres();
    // A busy machine is not what the laws are about.
    cache = postgresCache(postgres.url, 60_000);
  });

  afterAll(async () => {
    await cache.disconnect();
    await postgres.stop();
  });

  // All that this adapter makes in a process have one pool of connections, which the first that disconnects ends for all.
  describeCache('a Keyv on PostgreSQL', () => ({ cache }));
});
