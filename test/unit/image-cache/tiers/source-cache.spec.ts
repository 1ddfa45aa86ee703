import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  createImageCache,
  filesystemStore,
  heapStore,
  type ImageCache,
  type ImageCacheOptions,
  type MaintainOptions,
  type StoreFactory,
  type StoreStep,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { HttpSource } from 'nestjs-iiif';
import { createReadStream } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { deferred, record, until, whilePassing } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { imageInfo } from '../../../support/image-info.js';
import { OriginServer } from '../../../support/origin-server.js';

const DAY = 86_400_000;

let origin: OriginServer;
let directory: TestDirectory;
let clock: FakeClock;
let source: HttpSource;
const caches: ImageCache[] = [];

beforeEach(async () => {
  origin = await OriginServer.start();
  directory = await makeDirectory();
  clock = new FakeClock(Date.now());
  source = new HttpSource({ urlPrefix: origin.url, allow: ['127.0.0.1'] });
  put(1);
});

afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.close();
  await origin.stop();
  await source.close();
  await directory.remove();
});

/** Looks like an image to who reads its first bytes. */
function bytesOf(version: number, size = 300_000): Buffer {
  return Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(size, `version ${version} `)]);
}

function put(version: number, identifier = 'a.gif'): void {
  origin.put(identifier, { body: bytesOf(version), etag: `"${version}"` });
}

async function start(options: Partial<ImageCacheOptions> = {}) {
  const store = filesystemStore({ directory: directory.path });
  const cache = await createImageCache({ source, clock, variant: false, sources: { store }, ...options });
  caches.push(cache);
  if (cache.sources === undefined) throw new Error('There are no sources.');
  return { cache, sources: cache.sources };
}

type Sources = Awaited<ReturnType<typeof start>>['sources'];

async function read(sources: Sources, identifier = 'a.gif'): Promise<Buffer | undefined> {
  const entry = await sources.open(identifier);
  if (entry === undefined) return undefined;
  const bytes = await readFile(entry.file);
  await entry.close();
  return bytes.subarray(0, entry.meta.size);
}

describe('the cache of originals', () => {
  it('fetches an original once, however many want it, and not again after a restart', async () => {
    const { cache, sources } = await start();
    const all = await Promise.all(Array.from({ length: 50 }, () => read(sources)));
    expect(all.every((bytes) => bytes?.equals(bytesOf(1)))).toBe(true);
    expect({ gets: origin.count('GET'), sent: origin.sent }).toEqual({ gets: 1, sent: bytesOf(1).byteLength });
    expect(await read(sources)).toEqual(bytesOf(1));
    await cache.close();
    expect(await read((await start()).sources)).toEqual(bytesOf(1));
    expect(origin.requests).toHaveLength(1);
    expect(cache.stats()).toMatchObject({
      fetches: 1,
      fetchedBytes: bytesOf(1).byteLength,
      tiers: { source: { hits: 1, misses: 50 } },
    });
  });

  it('outlives a body that breaks while room is made for it', async () => {
    const store = filesystemStore({ directory: directory.path, maxSize: 500_000 });
    const { sources } = await start({ sources: { store } });
    await read(sources);
    put(1, 'b.gif');
    const fetch = source.fetch.bind(source);
    jest.spyOn(source, 'fetch').mockImplementation(async (...request) => {
      const fetched = await fetch(...request);
      if (fetched.status !== 'found') return fetched;
      fetched.body.destroy();
      return { ...fetched, body: createReadStream(join(directory.path, 'is not there')) };
    });
    await expect(sources.open('b.gif')).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_SOURCE_UNAVAILABLE' });
  });

  it('gives a body up that it has no room for', async () => {
    const store = filesystemStore({ directory: directory.path, maxEntrySize: '64KB' });
    const { sources } = await start({ sources: { store } });
    const bodies: Readable[] = [];
    const fetch = source.fetch.bind(source);
    jest.spyOn(source, 'fetch').mockImplementation(async (...request) => {
      const fetched = await fetch(...request);
      if (fetched.status === 'found') bodies.push(fetched.body);
      return fetched;
    });
    expect(await read(sources)).toBeUndefined();
    expect(bodies).toHaveLength(1);
    await until(() => bodies.every(({ destroyed }) => destroyed));
  });

  it('is filled once for caches that share its directory', async () => {
    const [one, other] = [await start({ clock: undefined as never }), await start({ clock: undefined as never })];
    await Promise.all([read(one.sources), read(other.sources), read(one.sources), read(other.sources)]);
    expect(origin.count('GET')).toBe(1);
  });

  it('asks the source when an original is old, and fetches it again only when it has changed', async () => {
    const { cache, sources } = await start();
    await read(sources);
    await clock.advance(DAY);
    await read(sources);
    expect(origin.requests).toHaveLength(1);
    await clock.advance(1);
    const before = origin.sent;
    await Promise.all(Array.from({ length: 20 }, () => read(sources)));
    expect(origin.requests.at(-1)?.headers['if-none-match']).toBe('"1"');
    expect({ gets: origin.count('GET'), sent: origin.sent - before }).toEqual({ gets: 2, sent: 0 });
    await clock.advance(DAY);
    await read(sources);
    expect(origin.count('GET')).toBe(2);
    put(2);
    await clock.advance(1);
    expect(await read(sources)).toEqual(bytesOf(2));
    expect(cache.stats()).toMatchObject({ revalidations: 2, fetches: 2 });
  });

  it('takes what was made of an image along when its original has changed', async () => {
    const { cache, sources } = await start({
      variant: { store: filesystemStore({ directory: join(directory.path, 'v') }) },
      sources: { store: filesystemStore({ directory: join(directory.path, 's') }) },
    });
    const render = () => Promise.resolve({ body: Buffer.from('picture'), contentType: 'image/png' });
    const identity = { identifier: 'a.gif', operations: 'max' };
    await cache.infos.getOrRead('a.gif', async () => (await read(sources), imageInfo({ identifier: 'a.gif' })));
    expect((await cache.variants.getOrRender(identity, render)).meta.source).toEqual({ etag: '"1"' });
    await until(() => cache.stats().stored === 3);
    put(2);
    await clock.advance(DAY + 1);
    const evicted = record(cache, 'evicted');
    expect(await read(sources)).toEqual(bytesOf(2));
    expect(evicted).toEqual([
      expect.objectContaining({
        reason: 'changed',
        counts: expect.objectContaining({ infos: 1, variants: 1, sources: 1 }),
      }),
    ]);
    expect(cache.infos.peek('a.gif')).toBeUndefined();
  });

  it('serves an old original on while its source is down, and tells', async () => {
    const { cache, sources } = await start();
    await read(sources);
    await clock.advance(DAY + 1);
    origin.behaviour = (_, response) => void response.writeHead(500).end();
    const failures = record(cache, 'source-unavailable');
    expect(await read(sources)).toEqual(bytesOf(1));
    expect(await read(sources)).toEqual(bytesOf(1));
    expect({ gets: origin.count('GET'), failures: failures.length }).toEqual({ gets: 2, failures: 1 });
    await clock.advance(10_000);
    origin.behaviour = undefined;
    put(2);
    expect(await read(sources)).toEqual(bytesOf(2));
  });

  it('does not serve an original that its source has not any more', async () => {
    const { cache, sources } = await start({ evictMissing: true });
    await read(sources);
    origin.remove('a.gif');
    expect(await read(sources)).toEqual(bytesOf(1));
    await clock.advance(DAY + 1);
    await expect(read(sources)).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_NOT_FOUND' });
    expect(cache.stats().evicted).toEqual({ missing: 1 });
    await expect(read(sources, 'none.gif')).rejects.toMatchObject({ status: 404 });
  });

  it('learns from what the source says in conservative mode', async () => {
    const { cache, sources } = await start({ resolveFirst: true });
    await read(sources);
    expect(await cache.resolve('a.gif')).toEqual({ status: 'found', stamp: { etag: '"1"' } });
    put(2);
    expect(await cache.resolve('a.gif')).toEqual({ status: 'found', stamp: { etag: '"2"' } });
    expect(cache.stats().evicted).toEqual({ changed: 1 });
    expect(await read(sources)).toEqual(bytesOf(2));
  });

  it('renews what is vouched for by a lookup', async () => {
    const { cache, sources } = await start({ resolveFirst: true });
    await read(sources);
    await clock.advance(DAY + 1);
    await cache.resolve('a.gif');
    await read(sources);
    expect(origin.count('GET')).toBe(1);
  });

  it('lets an original be read that is evicted meanwhile', async () => {
    const { cache, sources } = await start();
    const entry = await sources.open('a.gif');
    const body = entry?.stream({ start: 0, end: 99 });
    const another = await sources.open('a.gif');
    expect(await cache.evict('a.gif')).toMatchObject({ sources: 1 });
    expect(await readFile(another?.file ?? '')).toHaveLength((await readFile(another?.file ?? '')).byteLength);
    expect((await readFile(another?.file ?? '')).subarray(0, bytesOf(1).byteLength)).toEqual(bytesOf(1));
    expect(Buffer.concat((await body?.toArray()) as Buffer[])).toEqual(bytesOf(1).subarray(0, 100));
    await another?.close();
    await another?.close();
    expect(await sources.has('a.gif')).toBe(false);
  });

  it('keeps nothing of a fetch during which the image is evicted, and fetches again', async () => {
    const { cache, sources } = await start();
    const gate = deferred();
    origin.behaviour = (request, response) => {
      origin.behaviour = undefined;
      void gate.promise.then(() => {
        origin.usual(request, response);
      });
    };
    const reading = read(sources);
    await until(() => origin.count('GET') === 1);
    put(2);
    await cache.changed('a.gif');
    gate.resolve();
    expect(await reading).toEqual(bytesOf(2));
    expect(cache.stats().notStored).toEqual({ fenced: 1 });
  });

  it('never gives an original that was damaged while nobody looked', async () => {
    const { cache, sources } = await start();
    await read(sources);
    await cache.close();
    const [file = ''] = (await readdir(directory.path, { recursive: true })).filter((name) => name.endsWith('.img'));
    const bytes = await readFile(join(directory.path, file));
    bytes[200_000] = (bytes[200_000] ?? 0) ^ 1;
    await writeFile(join(directory.path, file), bytes);
    const again = await start();
    const incidents = record(again.cache, 'incident');
    const all = await Promise.all(Array.from({ length: 10 }, () => read(again.sources)));
    expect(all.every((each) => each?.equals(bytesOf(1)))).toBe(true);
    expect(origin.count('GET')).toBe(2);
    expect(incidents).toEqual([
      expect.objectContaining({ incident: expect.objectContaining({ kind: 'quarantined' }) }),
    ]);
  });

  it('keeps nothing of an original that does not come whole', async () => {
    const { cache, sources } = await start();
    origin.behaviour = (_, response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': 400_000 });
      response.write(bytesOf(1), () => response.destroy());
    };
    const outcomes = await Promise.allSettled([read(sources), read(sources)]);
    expect(outcomes).toEqual(
      Array(2).fill(expect.objectContaining({ status: 'rejected', reason: expect.objectContaining({ status: 503 }) })),
    );
    expect({ gets: origin.count('GET'), has: await sources.has('a.gif') }).toEqual({ gets: 1, has: false });
    expect(cache.stats()).toMatchObject({ sourceFailures: { unreachable: 1 }, notStored: { failed: 1 } });
    origin.behaviour = undefined;
    expect(await read(sources)).toEqual(bytesOf(1));
  });

  it('gives nothing of what it has no room for, and does not fetch it for that again and again', async () => {
    const { cache, sources } = await start({
      sources: { store: filesystemStore({ directory: directory.path, maxEntrySize: '64KB' }) },
    });
    expect(await sources.open('a.gif')).toBeUndefined();
    expect(await sources.open('a.gif')).toBeUndefined();
    expect({ gets: origin.count('GET'), notStored: cache.stats().notStored }).toEqual({
      gets: 1,
      notStored: { 'too-large': 1 },
    });
  });

  it('evicts the least recently used originals when it is full', async () => {
    const { sources } = await start({
      sources: { store: filesystemStore({ directory: directory.path, maxSize: '1MB' }) },
    });
    for (const identifier of ['a.gif', 'b.gif', 'c.gif', 'd.gif']) {
      put(1, identifier);
      await read(sources, identifier);
      await clock.advance(1000);
    }
    expect([await sources.has('a.gif'), await sources.has('d.gif')]).toEqual([false, true]);
  });

  it('says what filling has done', async () => {
    const { sources } = await start();
    expect([await sources.fill('a.gif'), await sources.fill('a.gif')]).toEqual(['fetched', 'cached']);
    expect(await sources.evict('a.gif')).toMatchObject({ sources: 1 });
    expect(await sources.has('a.gif')).toBe(false);
  });

  it('is swept: an original that nobody has asked for goes, an old one stays', async () => {
    const { cache, sources } = await start();
    await read(sources);
    await clock.advance(29 * DAY);
    await cache.sweep();
    expect(await sources.has('a.gif')).toBe(true);
    await clock.advance(2 * DAY);
    await cache.sweep();
    expect(await sources.has('a.gif')).toBe(false);
  });

  it('gives a fetch a time of its own to end, and pictures beside it as much', async () => {
    const stalls: Record<string, number> = {};
    const storeIn = (name: string): StoreFactory => {
      const factory = filesystemStore({ directory: join(directory.path, name) });
      return (context) => {
        const store = factory(context);
        const maintain = store.maintain?.bind(store);
        return Object.defineProperty(store, 'maintain', {
          value: (step: StoreStep, options: MaintainOptions) => {
            if (step === 'abandoned') stalls[name] = options.stall;
            return maintain?.(step, options);
          },
        });
      };
    };
    const variant = { store: storeIn('pictures') };
    const apart = await start({ variant, sources: { store: storeIn('originals'), stall: '1h' }, stall: '2h' });
    await apart.cache.cleanUp();
    await apart.cache.close();
    expect(stalls).toEqual({ pictures: 7_200_000, originals: 3_600_000 });
    const together = await start({ variant, sources: { stall: '3h' }, stall: '2h' });
    await together.cache.cleanUp();
    expect(stalls['pictures']).toBe(10_800_000);
  });

  it('takes other times while it is in use', async () => {
    const { cache, sources } = await start();
    await read(sources);
    cache.configure({ sourceStaleness: '1h', ttl: { source: '2h' } });
    await clock.advance(3_600_001);
    await read(sources);
    expect(origin.count('GET')).toBe(2);
    await clock.advance(7_200_001);
    await read(sources);
    expect(cache.stats().fetches).toBe(2);
  });

  it('waits at the end for a fetch that is under way, and gives one up that takes too long', async () => {
    const { cache, sources } = await start({ drain: '5s' });
    origin.behaviour = (_, response) => void response.writeHead(200).write(bytesOf(1));
    const reading = read(sources).catch((error: unknown) => error);
    await until(() => origin.count('GET') === 1);
    await whilePassing(clock, cache.close());
    expect(await reading).toMatchObject({ code: 'E_IMAGE_CACHE_CLOSED' });
    expect((await readdir(directory.path, { recursive: true })).filter((name) => name.endsWith('.img'))).toEqual([]);
  });
});

describe('options of the cache of originals', () => {
  it.each([
    [{ sources: {} }, 'imageCache.sources.store: HeapCache keeps no files; use filesystemStore(…).'],
    [{ sources: {}, variant: false }, 'imageCache.sources.store: there is no variants’ store to share'],
    [{ sources: { store: heapStore() } }, 'imageCache.sources.store: HeapCache keeps no files'],
    [{ sources: { staleness: 'soon' } }, 'imageCache.sources.staleness: "soon" is not a duration'],
    [{ sources: { concurrency: 0 } }, 'imageCache.sources.concurrency: 0 is not a whole number'],
    [{ sources: { stall: '0' } }, 'imageCache.sources.stall: is 0; writes that have just begun would be abandoned.'],
    [{ sources: { size: 1 } }, 'imageCache.sources.size: there is no such option'],
    [
      { sources: {}, source: undefined },
      'imageCache.sources: needs imageCache.source to be a source that originals are fetched from; there is none.',
    ],
    [{ sources: {}, source: { name: 'Folder', lookup: () => undefined } }, 'Folder has no fetch()'],
  ])('%j are refused', async (options, message) => {
    await expect(createImageCache({ source, ...options } as unknown as ImageCacheOptions)).rejects.toThrow(message);
  });

  it('may have a store of its own, which is listed and counted', async () => {
    const storeIn = (name: string) => filesystemStore({ directory: join(directory.path, name), maxSize: '1GB' });
    const { cache, sources } = await start({ variant: { store: storeIn('v') }, sources: { store: storeIn('s') } });
    await sources.fill('a.gif');
    expect((await cache.usage()).source).toEqual({ entries: 1, bytes: bytesOf(1).byteLength });
    expect(cache.stores.map(({ kinds }) => kinds)).toEqual([['info', 'variant'], ['source']]);
    const listed: string[] = [];
    for (const options of [{}, { kind: 'source' }, { order: 'lastAccess' }] as const)
      for await (const { key, meta } of cache.entries(options)) listed.push(`${key.kind} ${meta.identifier}`);
    expect(listed).toEqual(['source a.gif', 'source a.gif', 'source a.gif']);
    await cache.close();
    expect(cache.stores).toHaveLength(2);
  });

  it('may share the store of the variants', async () => {
    const { cache, sources } = await start({
      variant: { store: filesystemStore({ directory: directory.path }), hot: '1MB' },
      sources: {},
    });
    expect(await read(sources)).toEqual(bytesOf(1));
    const purged = await cache.purge();
    expect(await purged.completed).toMatchObject({ sources: 1 });
    expect(await sources.has('a.gif')).toBe(false);
  });
});
