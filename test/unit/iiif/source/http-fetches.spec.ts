import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpSource, type HttpSourceOptions } from 'nestjs-iiif';
import { getEventListeners, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { until } from '../../../support/async.js';
import { openPaths } from '../../../support/open-descriptors.js';
import { OriginServer } from '../../../support/origin-server.js';
import { noise } from '../../../support/samples.js';

let origin: OriginServer;
let image: Buffer;
let source: HttpSource;
/** Answers to GET that have begun, and do not end by themselves. */
let begun: ServerResponse[];

const open = (options: Partial<HttpSourceOptions> = {}): HttpSource =>
  (source = new HttpSource({ urlPrefix: origin.url, allow: ['127.0.0.1'], ...options }));

beforeEach(async () => {
  origin = await OriginServer.start();
  image = await noise(60, 40).jpeg().toBuffer();
  begun = [];
  origin.behaviour = ({ method, headers }, response) => {
    response.writeHead(headers['if-none-match'] === '"1"' ? 304 : 200, { etag: '"1"' });
    if (method === 'HEAD' || headers['if-none-match'] !== undefined) response.end();
    else {
      response.write(image);
      begun.push(response);
    }
  };
});

afterEach(async () => {
  await origin.stop();
  await source.close();
});

describe('bodies that are slow', () => {
  it('keep nobody from learning whether an original is as before, and whether its source is there', async () => {
    open({ connections: 1 });
    const slow = source.open('slow.jpg');
    await until(() => begun.length === 1);
    expect(await source.lookup('other.jpg')).toMatchObject({ status: 'found' });
    expect(await source.fetch('other.jpg', { ifStamp: { etag: '"1"' } })).toEqual({ status: 'not-modified' });
    await expect(source.ping()).resolves.toBeUndefined();
    begun[0]?.end();
    await (await slow).close();
  });
});

describe('a fetch for originals that are open', () => {
  it('goes on while somebody waits for it, and ends with the last who leaves', async () => {
    open();
    const [first, second] = [new AbortController(), new AbortController()];
    const waiting = [first, second].map(({ signal }) => source.open('slow.jpg', { signal }));
    const outcomes = Promise.allSettled(waiting);
    await until(() => begun.length === 1);
    first.abort();
    await expect(waiting[0]).rejects.toMatchObject({ name: 'AbortError' });
    expect(begun[0]?.destroyed).toBe(false);
    const closed = begun[0] && once(begun[0], 'close');
    second.abort();
    await closed;
    await outcomes;
    expect((await openPaths()).filter((path) => path.includes('iiif-original'))).toEqual([]);
  });

  it('gives the original to who stays', async () => {
    open();
    const leaving = new AbortController();
    const left = source.open('slow.jpg', { signal: leaving.signal });
    const stays = source.open('slow.jpg');
    await until(() => begun.length === 1);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ name: 'AbortError' });
    begun[0]?.end();
    const original = await stays;
    expect(original.size).toBe(image.byteLength);
    await original.close();
  });
});

describe('a signal that outlives the requests that it could end', () => {
  /** What is to be told when it is aborted; Node keeps signals that depend on it under a symbol. */
  const dependants = (signal: AbortSignal): number => {
    const symbol = Object.getOwnPropertySymbols(signal).find(({ description }) => description === 'kDependantSignals');
    const kept = symbol && (Reflect.get(signal, symbol) as { readonly size: number } | undefined);
    return getEventListeners(signal, 'abort').length + (kept?.size ?? 0);
  };

  it('has nothing of them when they are over', async () => {
    open();
    const { signal } = new AbortController();
    await source.lookup('a.jpg', { signal });
    const fetched = await source.fetch('a.jpg', { signal });
    begun[0]?.end();
    if (fetched.status === 'found') await fetched.body.toArray();
    await origin.stop();
    await expect(source.lookup('a.jpg', { signal })).rejects.toMatchObject({ status: 503 });
    expect(dependants(signal)).toBe(0);
  });
});
