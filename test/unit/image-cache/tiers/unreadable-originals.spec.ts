import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  filesystemStore,
  type ImageCache,
  type OpenedEntry,
  type StoreFactory,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { HttpSource } from 'nestjs-iiif';
import { deferred, record, until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { openDescriptors } from '../../../support/open-descriptors.js';
import { OriginServer } from '../../../support/origin-server.js';

const MINUTE = 60_000;

let origin: OriginServer;
let directory: TestDirectory;
let source: HttpSource;
let clock: FakeClock;
let cache: ImageCache;
let sources: NonNullable<ImageCache['sources']>;
/** What reading through does; without it, what it usually does. */
let fault: ((entry: OpenedEntry) => Promise<boolean>) | undefined;

const store: StoreFactory = (context) => {
  const files = filesystemStore({ directory: directory.path })(context);
  const { openFile: usual } = files;
  const openFile: typeof usual = async (key) => {
    const entry = await usual?.(key);
    return entry && { ...entry, verify: () => fault?.(entry) ?? entry.verify() };
  };
  return Object.assign(files, { openFile });
};

async function start(): Promise<void> {
  cache = await createImageCache({ source, clock, variant: false, sources: { store, staleness: '0' } });
  if (cache.sources === undefined) throw new Error('There are no sources.');
  sources = cache.sources;
}

/** An original is kept that this process has not read through yet. */
beforeEach(async () => {
  origin = await OriginServer.start();
  origin.put('a.gif', { body: Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(300_000)]), etag: '"1"' });
  directory = await makeDirectory();
  source = new HttpSource({ urlPrefix: origin.url, allow: ['127.0.0.1'] });
  clock = new FakeClock(Date.now());
  fault = undefined;
  await start();
  await sources.fill('a.gif');
  await cache.close();
  await start();
});

afterEach(async () => {
  await cache.close();
  await origin.stop();
  await source.close();
  await directory.remove();
});

function allClosed(): Promise<void> {
  return until(async () => (await openDescriptors(directory.path, ['source'])) === 0);
}

describe('an original that the disk does not give (a store whose reading fails)', () => {
  beforeEach(() => {
    fault = () => Promise.reject(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }));
  });

  it('is left to its source, and told of once', async () => {
    const failed = record(cache, 'store-failed');
    const all = [sources.open('a.gif'), sources.read('a.gif'), sources.open('a.gif')];
    expect(await Promise.all(all)).toEqual([undefined, undefined, undefined]);
    expect(await sources.fill('a.gif')).toBe('unkept');
    expect(failed).toMatchObject([{ operation: 'verify', error: { code: 'EIO' } }]);
    await allClosed();
  });

  it('is not opened for a minute, then tried again', async () => {
    let attempts = 0;
    fault = () => Promise.reject(new Error(`attempt ${(attempts += 1)}`));
    await sources.open('a.gif');
    await clock.advance(MINUTE - 1);
    expect(await sources.open('a.gif')).toBeUndefined();
    expect(attempts).toBe(1);
    fault = undefined;
    await clock.advance(1);
    const entry = await sources.open('a.gif');
    expect(entry?.meta.size).toBe(300_006);
    await entry?.close();
    expect(origin.count('GET')).toBe(1);
  });

  it('is looked up at its source by who reads it, since it is the source that is read', async () => {
    await sources.open('a.gif');
    origin.put('a.gif', { body: Buffer.from('GIF89a, another'), etag: '"2"' });
    expect(await sources.lookup('a.gif', { isReading: true })).toMatchObject({ stamp: { etag: '"2"' } });
  });
});

describe('an original for which the disk takes for ever (a store whose reading hangs)', () => {
  const reading = { begun: 0, end: deferred<boolean>() };

  beforeEach(() => {
    reading.begun = 0;
    reading.end = deferred();
    fault = () => {
      reading.begun += 1;
      return reading.end.promise;
    };
  });

  afterEach(() => {
    reading.end.resolve(true);
  });

  it('keeps nobody waiting who has left, and its file open no longer than it is read', async () => {
    const leaving = new AbortController();
    const left = sources.open('a.gif', { signal: leaving.signal });
    await until(() => reading.begun === 1);
    const staying = sources.open('a.gif');
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_ABORTED' });
    await until(async () => (await openDescriptors(directory.path, ['source'])) === 2);
    reading.end.resolve(true);
    const entry = await staying;
    expect({ begun: reading.begun, size: entry?.meta.size }).toEqual({ begun: 1, size: 300_006 });
    await entry?.close();
    await allClosed();
  });

  it('is left to its source after a while', async () => {
    const failed = record(cache, 'store-failed');
    const opened = sources.open('a.gif');
    await until(() => reading.begun === 1);
    await clock.advance(MINUTE);
    expect(await opened).toBeUndefined();
    expect(failed).toMatchObject([{ operation: 'verify', error: { code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE' } }]);
    reading.end.resolve(true);
    await allClosed();
  });

  it('does not hold up the end', async () => {
    const opened = sources.open('a.gif');
    opened.catch(() => undefined);
    await until(() => reading.begun === 1);
    const closed = cache.close();
    await clock.advance(MINUTE);
    await closed;
    await expect(opened).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_CLOSED' });
  });
});
