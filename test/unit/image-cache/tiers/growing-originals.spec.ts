import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createImageCache, filesystemStore, type ImageCache, type RemoteSource } from 'nestjs-image-cache';
import { HttpSource } from 'nestjs-iiif';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { deferred, until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { openDescriptors } from '../../../support/open-descriptors.js';
import { OriginServer } from '../../../support/origin-server.js';

let origin: OriginServer;
let directory: TestDirectory;
let source: HttpSource;
let cache: ImageCache;
let sources: NonNullable<ImageCache['sources']>;

beforeEach(async () => {
  origin = await OriginServer.start();
  directory = await makeDirectory();
  source = new HttpSource({ urlPrefix: origin.url, allow: ['127.0.0.1'] });
  put(1);
  const store = filesystemStore({ directory: directory.path });
  cache = await createImageCache({ source, variant: false, sources: { store }, drain: '200ms' });
  if (cache.sources === undefined) throw new Error('There are no sources.');
  sources = cache.sources;
});

afterEach(async () => {
  await cache.close();
  await origin.stop();
  await source.close();
  await directory.remove();
});

/** Looks like an image to who reads its first bytes. */
function bytesOf(version: number): Buffer {
  return Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(300_000, `version ${version} `)]);
}

function put(version: number): void {
  origin.put('a.gif', { body: bytesOf(version), etag: `"${version}"` });
}

async function decode(): Promise<Buffer | undefined> {
  const entry = await sources.open('a.gif');
  if (entry === undefined) return undefined;
  const bytes = await readFile(entry.file);
  await entry.close();
  return bytes.subarray(0, entry.meta.size);
}

describe('an original that is being fetched', () => {
  /** Sends the first bytes of an original, and the rest when told to, or breaks off. */
  function sendSlowly(first: number, { length = bytesOf(1).byteLength } = {}) {
    const rest = deferred<'rest' | 'break'>();
    origin.behaviour = (_, response) => {
      origin.behaviour = undefined;
      response.writeHead(200, { etag: '"1"', ...(length > 0 && { 'content-length': length }) });
      response.write(bytesOf(1).subarray(0, first));
      void rest.promise.then((how) => (how === 'rest' ? response.end(bytesOf(1).subarray(first)) : response.destroy()));
    };
    return rest;
  }

  async function bytesIn(original: Awaited<ReturnType<typeof sources.read>>, range?: { start: number; end: number }) {
    return Buffer.concat((await original?.stream(range).toArray()) as Buffer[]);
  }

  it('can be read as far as it is there, and further as it comes', async () => {
    const rest = sendSlowly(200_000);
    const decoding = decode();
    const [first, second] = [await sources.read('a.gif'), await sources.read('a.gif')];
    expect(first?.meta).toMatchObject({ size: bytesOf(1).byteLength, source: { etag: '"1"' } });
    expect(await bytesIn(first, { start: 100_000, end: 199_999 })).toEqual(bytesOf(1).subarray(100_000, 200_000));
    const ahead = bytesIn(second, { start: 150_000, end: 250_000 });
    rest.resolve('rest');
    expect(await ahead).toEqual(bytesOf(1).subarray(150_000, 250_001));
    expect(await decoding).toEqual(bytesOf(1));
    expect(await bytesIn(await sources.read('a.gif'))).toEqual(bytesOf(1));
    expect({ gets: origin.count('GET'), sent: origin.sent }).toEqual({ gets: 1, sent: bytesOf(1).byteLength });
  });

  it('is fetched to its end though all who began to read it have left', async () => {
    const rest = sendSlowly(1000);
    const leaving = new AbortController();
    const original = await sources.read('a.gif', { signal: leaving.signal });
    const body = original?.stream();
    await once(body as Readable, 'data');
    leaving.abort();
    body?.destroy();
    rest.resolve('rest');
    await until(() => cache.stats().fetches === 1);
    expect(await sources.fill('a.gif')).toBe('cached');
    expect(origin.count('GET')).toBe(1);
  });

  it('breaks for its readers when it does not come whole, and is fetched anew', async () => {
    const rest = sendSlowly(200_000);
    const [there, whole] = [await sources.read('a.gif'), await sources.read('a.gif')];
    const reading = bytesIn(whole);
    rest.resolve('break');
    await expect(reading).rejects.toThrow('did not come whole');
    expect(await bytesIn(there, { start: 0, end: 99 })).toEqual(bytesOf(1).subarray(0, 100));
    await sources.settled();
    expect(await bytesIn(await sources.read('a.gif'))).toEqual(bytesOf(1));
    expect(origin.count('GET')).toBe(2);
  });

  it('is not taken for whole when it is longer than was announced', async () => {
    const remote: RemoteSource = {
      name: 'Liar',
      lookup: () => Promise.resolve({ status: 'found', stamp: { etag: '"1"' } }),
      fetch: () =>
        Promise.resolve({
          status: 'found',
          stamp: { etag: '"1"' },
          contentType: 'image/gif',
          size: 200_000,
          body: Readable.from([bytesOf(1).subarray(0, 200_000), bytesOf(1).subarray(200_000)], { objectMode: false }),
        }),
    };
    const store = filesystemStore({ directory: join(directory.path, 'liar') });
    const lied = await createImageCache({ source: remote, variant: false, sources: { store } });
    try {
      const original = await lied.sources?.read('a.gif').catch(() => undefined);
      if (original !== undefined) await expect(bytesIn(original)).rejects.toThrow(/announced/);
      expect(await lied.sources?.has('a.gif')).toBe(false);
    } finally {
      await lied.close();
    }
  });

  it('keeps nobody waiting when the cache closes, whatever its source does', async () => {
    sendSlowly(1000);
    const reading = bytesIn(await sources.read('a.gif'));
    reading.catch(() => undefined);
    await cache.close();
    await expect(reading).rejects.toThrow(/clos/i);
  }, 60_000);

  it('is read to its end when it is evicted meanwhile, by those who had begun', async () => {
    const rest = sendSlowly(200_000);
    const old = await sources.read('a.gif');
    put(2);
    await cache.changed('a.gif');
    expect(await bytesIn(await sources.read('a.gif'))).toEqual(bytesOf(2));
    rest.resolve('rest');
    expect(await bytesIn(old)).toEqual(bytesOf(1));
    expect(await bytesIn(await sources.read('a.gif'))).toEqual(bytesOf(2));
    expect(cache.stats().notStored).toEqual({ fenced: 1 });
  });

  it('is given when it is whole if its length was not told', async () => {
    const rest = sendSlowly(200_000, { length: 0 });
    let isGiven = false;
    const reading = sources.read('a.gif').finally(() => (isGiven = true));
    await until(() => origin.count('GET') === 1);
    await sleep(50);
    expect(isGiven).toBe(false);
    rest.resolve('rest');
    expect(await bytesIn(await reading)).toEqual(bytesOf(1));
  });

  it('leaves no descriptor open', async () => {
    const rest = sendSlowly(1000);
    const [closed, destroyed, whole] = await Promise.all([1, 2, 3].map(() => sources.read('a.gif')));
    await closed?.close();
    destroyed?.stream().destroy();
    rest.resolve('rest');
    await bytesIn(whole);
    await until(() => cache.stats().fetches === 1);
    await until(async () => (await openDescriptors(directory.path, ['source'])) === 0);
  });
});
