import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createImageCache, filesystemStore, type ImageCache, type Render } from 'nestjs-image-cache';
import { HttpSource } from 'nestjs-iiif';
import { Readable } from 'node:stream';
import { until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { OriginServer } from '../../../support/origin-server.js';
import { heldBy, withSignals } from '../../../support/signals.js';

const TIMES = 30;

const BODY = Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(5000)]);

let origin: OriginServer;
let directory: TestDirectory;
let source: HttpSource;
let cache: ImageCache;
let signals: readonly AbortSignal[];

beforeEach(async () => {
  origin = await OriginServer.start();
  directory = await makeDirectory();
  source = new HttpSource({ urlPrefix: origin.url, allow: ['127.0.0.1'] });
  const sources = { store: filesystemStore({ directory: directory.path }), staleness: '1ms' };
  const renderer = { render: () => Promise.resolve({ contentType: 'image/gif', body: BODY }) };
  const onEvict = (): Promise<void> => Promise.resolve();
  const made = await withSignals(() =>
    createImageCache({ source, sources, renderer, onEvict, maxBufferedEntry: '1KB' }),
  );
  cache = made.made;
  signals = made.signals;
});

afterEach(async () => {
  await cache.close();
  await origin.stop();
  await source.close();
  await directory.remove();
});

async function render(name: string, how: Render): Promise<void> {
  const { body } = await cache.variants.getOrRender({ identifier: name, operations: 'small', extension: 'gif' }, how);
  if (body instanceof Readable) await body.toArray();
}

describe('signals that live as long as a cache', () => {
  it.each<[string, (name: string) => Promise<unknown>]>([
    ['pictures', (name) => render(name, () => Promise.resolve({ contentType: 'image/gif', body: BODY }))],
    [
      'pictures that grow',
      (name) => render(name, () => Promise.resolve({ contentType: 'image/gif', body: Readable.from([BODY, BODY]) })),
    ],
    [
      'renders that fail',
      (name) => render(name, () => Promise.reject(new Error('broken'))).catch((error: unknown) => error),
    ],
    [
      'pictures made beforehand',
      (identifier) =>
        cache.warm([{ identifier, operations: 'small', extension: 'gif' }], { signal: new AbortController().signal }),
    ],
    ['evictions that are told', (name) => cache.evict(name)],
    [
      'originals that are fetched, and asked about',
      async (name) => {
        await cache.sources?.fill(name);
        await until(async () => (await cache.sources?.fill(name)) === 'cached' && cache.stats().revalidations > 0);
      },
    ],
  ])('hold nothing of %s', async (_, work) => {
    const held = signals.map(heldBy);
    for (let index = 0; index < TIMES; index += 1) {
      origin.put(`${index}.gif`, { body: BODY, etag: '"1"' });
      await work(`${index}.gif`);
    }
    expect(signals.length).toBeGreaterThan(1);
    await until(() => signals.every((signal, index) => heldBy(signal) <= (held[index] ?? 0)));
  });
});
