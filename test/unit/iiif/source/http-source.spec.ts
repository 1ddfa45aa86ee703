import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RemoteSource } from 'nestjs-image-cache';
import { HttpSource, type HttpSourceOptions } from 'nestjs-iiif';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import sharp from 'sharp';
import { eventually } from '../../../support/async.js';
import { OriginServer, type Behaviour } from '../../../support/origin-server.js';

let origin: OriginServer;
let image: Buffer;
const sources: HttpSource[] = [];

beforeEach(async () => {
  origin = await OriginServer.start();
  image = await sharp({ create: { width: 60, height: 40, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer();
});

afterEach(async () => {
  await origin.stop();
  for (const source of sources.splice(0)) await source.close();
});

function makeSource(options: Partial<HttpSourceOptions> = {}): HttpSource & RemoteSource {
  const source = new HttpSource({ urlPrefix: origin.url, allow: ['127.0.0.1'], ...options });
  sources.push(source);
  return source;
}

async function bytesOf(source: RemoteSource, identifier = 'a.jpg'): Promise<Buffer> {
  const fetched = await source.fetch(identifier);
  if (fetched.status !== 'found') throw new Error(fetched.status);
  return Buffer.concat((await fetched.body.toArray()) as Buffer[]);
}

const UNAVAILABLE = { code: 'E_IIIF_SOURCE_UNAVAILABLE', status: 503 };

const answering =
  (status: number, headers: Record<string, string> = {}, body: Buffer | string = ''): Behaviour =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

describe('an HTTP source', () => {
  it('looks an image up without its bytes, and fetches it in the same state', async () => {
    origin.put('maps/a.jpg', { body: image, etag: '"1"', lastModified: 'Sun, 01 Nov 2026 10:00:00 GMT' });
    const source = makeSource();
    expect(await source.lookup('maps/a.jpg')).toEqual({ status: 'found', stamp: { etag: '"1"' } });
    expect(origin.sent).toBe(0);
    expect(await source.fetch('maps/a.jpg')).toMatchObject({
      status: 'found',
      stamp: { etag: '"1"' },
      size: image.byteLength,
    });
    expect(await bytesOf(source, 'maps/a.jpg')).toEqual(image);
  });

  it('goes by date and length where there is no ETag', async () => {
    origin.put('a.jpg', { body: image, lastModified: 'Sun, 01 Nov 2026 10:00:00 GMT' });
    const stamp = { lastModified: '1793527200000000000', size: image.byteLength };
    expect(await makeSource().lookup('a.jpg')).toEqual({ status: 'found', stamp });
    expect(await makeSource().fetch('a.jpg', { ifStamp: stamp })).toEqual({ status: 'not-modified' });
  });

  it('does not fetch again what is as before', async () => {
    origin.put('a.jpg', { body: image, etag: '"1"' });
    expect(await makeSource().fetch('a.jpg', { ifStamp: { etag: '"1"' } })).toEqual({ status: 'not-modified' });
    expect(await makeSource().fetch('a.jpg', { ifStamp: { etag: '"0"' } })).toMatchObject({ status: 'found' });
  });

  it.each([405, 501, 403])('asks for a byte when the server answers HEAD with %d', async (status) => {
    origin.behaviour = (request, response) => {
      if (request.method === 'HEAD') response.writeHead(status).end();
      else
        response
          .writeHead(206, { etag: '"1"', 'content-range': `bytes 0-0/${image.byteLength}` })
          .end(image.subarray(0, 1));
    };
    expect(await makeSource().lookup('a.jpg')).toEqual({ status: 'found', stamp: { etag: '"1"' } });
    expect(origin.requests.at(-1)?.headers.range).toBe('bytes=0-0');
  });

  it.each([404, 410])('takes %d for an image that is missing', async (status) => {
    origin.behaviour = answering(status);
    expect(await makeSource().lookup('a.jpg')).toEqual({ status: 'missing' });
    expect(await makeSource().fetch('a.jpg')).toEqual({ status: 'missing' });
    await expect(makeSource().open('a.jpg')).rejects.toMatchObject({ code: 'E_IIIF_NOT_FOUND' });
  });

  it.each([400, 401, 403, 429, 500, 502, 503, 504, 206, 304])(
    'takes %d for a source that cannot tell',
    async (status) => {
      origin.behaviour = answering(status);
      await expect(makeSource().fetch('a.jpg')).rejects.toMatchObject(UNAVAILABLE);
    },
  );

  it('does not ask for what is hidden', async () => {
    expect(await makeSource().fetch('.git/config')).toEqual({ status: 'missing' });
    expect(await makeSource().lookup('a/.env')).toEqual({ status: 'missing' });
    expect(origin.requests).toEqual([]);
  });

  it('refuses a page that is called an image', async () => {
    origin.behaviour = answering(
      200,
      { 'content-type': 'image/jpeg' },
      '<!doctype html><title>Sign in</title>'.padEnd(500),
    );
    await expect(makeSource().fetch('a.jpg')).rejects.toMatchObject({ code: 'E_IIIF_SOURCE_UNSUPPORTED', status: 415 });
  });

  it('refuses what is compressed, which it has asked not to be', async () => {
    origin.behaviour = answering(200, { 'content-encoding': 'gzip' }, image);
    await expect(makeSource().fetch('a.jpg')).rejects.toMatchObject(UNAVAILABLE);
    expect(origin.requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  it('refuses what is too large by its length, and cuts what turns out to be', async () => {
    origin.put('a.jpg', { body: image });
    await expect(makeSource({ maxSize: 100 }).fetch('a.jpg')).rejects.toMatchObject({ status: 413 });
    origin.behaviour = (_, response) => {
      response.writeHead(200);
      response.write(image);
      response.end(image);
    };
    await expect(bytesOf(makeSource({ maxSize: image.byteLength }))).rejects.toMatchObject({ status: 413 });
  });

  it('breaks off when less comes than was announced', async () => {
    origin.behaviour = (_, response) => {
      response.writeHead(200, { 'content-length': image.byteLength + 1 });
      response.write(image, () => response.destroy());
    };
    await expect(bytesOf(makeSource())).rejects.toMatchObject(UNAVAILABLE);
  });

  it('breaks off when a chunked body ends in the middle', async () => {
    origin.behaviour = (_, response) => {
      response.writeHead(200);
      response.write(image, () => response.socket?.destroy());
    };
    await expect(bytesOf(makeSource())).rejects.toMatchObject(UNAVAILABLE);
  });

  it('gives up on a server that does not answer', async () => {
    origin.behaviour = () => undefined;
    await expect(makeSource({ timeout: '50ms' }).fetch('a.jpg')).rejects.toMatchObject(UNAVAILABLE);
  });

  it('gives up on a body that never ends', async () => {
    origin.behaviour = (_, response) => {
      response.writeHead(200).write(image);
      const drip = setInterval(() => response.write('x'), 5);
      response.on('close', () => {
        clearInterval(drip);
      });
    };
    await expect(bytesOf(makeSource({ timeout: '100ms' }))).rejects.toMatchObject(UNAVAILABLE);
  });

  it('gives up on a server that is not there', async () => {
    const source = makeSource();
    await origin.stop();
    await expect(source.lookup('a.jpg')).rejects.toMatchObject(UNAVAILABLE);
    await expect(source.ping()).rejects.toMatchObject(UNAVAILABLE);
  });

  it('answers ping when the server answers at all', async () => {
    await expect(makeSource().ping()).resolves.toBeUndefined();
    origin.behaviour = answering(503);
    await expect(makeSource().ping()).rejects.toMatchObject(UNAVAILABLE);
  });

  it('answers ping when the server redirects, wherever to', async () => {
    origin.behaviour = answering(302, { location: 'https://www.example.org/' });
    await expect(makeSource().ping()).resolves.toBeUndefined();
    expect(origin.requests.map(({ path }) => path)).toEqual(['/']);
  });

  it('says that it cannot list', async () => {
    const listed: string[] = [];
    for await (const identifier of makeSource().list()) listed.push(identifier);
    expect({ listed, isListable: makeSource().isListable }).toEqual({ listed: [], isListable: false });
  });
});

describe('redirects of an HTTP source', () => {
  it('are followed below the prefix and to what is on the list', async () => {
    const other = await OriginServer.start();
    other.put('b.jpg', { body: image });
    origin.behaviour = answering(302, { location: `${other.url}b.jpg` });
    try {
      expect(await bytesOf(makeSource())).toEqual(image);
      await expect(makeSource({ allow: [`127.0.0.1:${origin.port}`] }).fetch('a.jpg')).rejects.toMatchObject({
        ...UNAVAILABLE,
        cause: { message: expect.stringContaining('name the host or the beginning of the URL in source.allow') },
      });
    } finally {
      await other.stop();
    }
  });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    'file:///etc/passwd',
    'http://[::1]/',
    'http:// x',
  ])('are not followed to %s', async (location) => {
    origin.behaviour = answering(301, { location });
    await expect(makeSource().fetch('a.jpg')).rejects.toMatchObject(UNAVAILABLE);
    expect(origin.requests).toHaveLength(1);
  });

  it('end', async () => {
    origin.behaviour = answering(307, { location: '/a.jpg' });
    await expect(makeSource({ maxRedirects: 2 }).fetch('a.jpg')).rejects.toMatchObject(UNAVAILABLE);
    expect(origin.requests).toHaveLength(3);
  });
});

describe('addresses that an HTTP source connects to', () => {
  it('are refused when they are not public and nobody has named them', async () => {
    await expect(makeSource({ allow: [] }).fetch('a.jpg')).rejects.toMatchObject(UNAVAILABLE);
    expect(origin.requests).toEqual([]);
  });

  it('are those that were checked: a name that turns to another address is not followed there', async () => {
    origin.put('a.jpg', { body: image });
    const answers = ['203.0.113.1', '127.0.0.1', '10.0.0.1', '::ffff:127.0.0.1'];
    const asked: string[] = [];
    const resolve = (hostname: string) => {
      asked.push(hostname);
      return Promise.resolve([{ address: answers.shift() ?? '', family: 4 }]);
    };
    const source = makeSource({ urlPrefix: `http://rebinding.example:${origin.port}/`, allow: [], resolve });
    for (let round = 0; round < 4; round += 1) {
      await expect(source.fetch('a.jpg')).rejects.toMatchObject({
        cause: { message: expect.stringContaining('to allow it, name the host or a CIDR in source.allow') },
      });
    }
    expect(asked).toHaveLength(4);
    expect(origin.requests).toEqual([]);
  });

  it('are those of a name that are allowed, and no others', async () => {
    origin.put('a.jpg', { body: image });
    // Only the address on the list leads to the server; whoever connected to the first one would fail.
    const resolve = () => Promise.resolve(['10.255.255.1', '127.0.0.1'].map((address) => ({ address, family: 4 })));
    const source = makeSource({ urlPrefix: `http://images.example:${origin.port}/`, allow: ['127.0.0.1'], resolve });
    expect(await bytesOf(source)).toEqual(image);
  });
});

describe('an original that is open without the cache of originals', () => {
  it('is fetched once for all who use it at the same time, and is gone afterwards', async () => {
    origin.put('a.jpg', { body: image, lastModified: 'Sun, 01 Nov 2026 10:00:00 GMT' });
    const source = makeSource();
    const left = async (): Promise<string[]> =>
      (await readdir(tmpdir())).filter((name) => name.startsWith('iiif-original-'));
    const before = await left();
    const opened = await Promise.all(Array.from({ length: 10 }, () => source.open('a.jpg')));
    expect(origin.count('GET')).toBe(1);
    expect(await readFile(opened[0]?.file ?? '')).toEqual(image);
    expect(opened[0]?.lastModified).toEqual(new Date('2026-11-01T10:00:00Z'));
    const last = opened.pop();
    for (const original of opened) await original.close();
    expect(Buffer.concat((await last?.stream({ start: 2, end: 9 }).toArray()) as Buffer[])).toEqual(
      image.subarray(2, 10),
    );
    await eventually(async () => {
      expect(await left()).toEqual(before);
    });
    await (await source.open('a.jpg')).close();
    expect(origin.count('GET')).toBe(2);
  });

  it('is another one for who comes after its source has been seen in another state', async () => {
    origin.put('a.jpg', { body: image, etag: '"1"' });
    const source = makeSource();
    const before = await source.open('a.jpg');
    origin.put('a.jpg', { body: image, etag: '"2"' });
    const shared = await source.open('a.jpg');
    await source.lookup('a.jpg');
    const after = await source.open('a.jpg');
    const etags = [before, shared, after].map(({ stamp }) => stamp.etag);
    expect(etags).toEqual(['"1"', '"1"', '"2"']);
    expect(await readFile(before.file)).toEqual(image);
    await Promise.all([before, shared, after].map((original) => original.close()));
  });

  it('fails for all who wait, and is fetched again for the next', async () => {
    origin.behaviour = answering(500);
    const source = makeSource();
    const outcomes = await Promise.allSettled([source.open('a.jpg'), source.open('a.jpg')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    origin.behaviour = undefined;
    origin.put('a.jpg', { body: image });
    await (await source.open('a.jpg')).close();
  });
});

describe('options of an HTTP source', () => {
  it.each([
    [{ urlPrefix: 'images' }, 'source.urlPrefix must be an http or https URL'],
    [{ urlPrefix: 'file:///srv/' }, 'source.urlPrefix must be an http or https URL'],
    [{ urlPrefix: 'https://a.example/?id=' }, 'source.urlPrefix must be an http or https URL'],
    [{ urlPrefix: 'https://user:pw@a.example/' }, 'source.urlPrefix must not contain a user'],
    [{ urlPrefix: 'https://a.example/', timeout: '0' }, 'source.timeout must be more than 0'],
    [{ urlPrefix: 'https://a.example/', maxSize: 'much' }, 'source.maxSize: "much" is not'],
    [{ urlPrefix: 'https://a.example/', maxRedirects: -1 }, 'source.maxRedirects -1 is not a whole number'],
  ] as const)('%j are refused', (options, message) => {
    expect(() => new HttpSource(options as HttpSourceOptions)).toThrow(message);
  });
});
