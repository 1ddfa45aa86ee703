import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { filesystemStore, type ImageCacheOptions } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { HttpSource, IiifModule } from 'nestjs-iiif';
import { deferred, next, until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { OriginServer } from '../support/origin-server.js';
import { noise } from '../support/samples.js';
import { clientsOf, PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const NAMES = ['0.jpg', '1.jpg', '2.jpg', '3.jpg', '4.jpg'];

let origin: OriginServer;
let directory: TestDirectory;
let source: HttpSource;

beforeEach(async () => {
  origin = await OriginServer.start();
  for (const name of [...NAMES, 'other.jpg'])
    origin.put(name, { body: await noise(300, 200).jpeg().toBuffer(), etag: '"1"' });
  directory = await makeDirectory();
  source = new HttpSource({ urlPrefix: origin.url, allow: ['127.0.0.1'] });
});

afterEach(async () => {
  await origin.stop();
  await source.close();
  await directory.remove();
});

/** The origin sends originals when told to. */
function holdOriginals() {
  const gate = deferred();
  origin.behaviour = (request, response) => {
    if (request.method === 'GET')
      void gate.promise.then(() => {
        origin.usual(request, response);
      });
    else origin.usual(request, response);
  };
  return gate;
}

/** What was fetched from the origin, in this order. */
function fetched(): string[] {
  return origin.requests.filter(({ method }) => method === 'GET').map(({ path }) => path);
}

function whole(name: string): string {
  return `/iiif/3/${name}/full/max/0/default.jpg`;
}

/** Resolves when so many more wait for originals, one of which is being fetched. */
function waitingFor({ cache }: TestApp, count: number): Promise<void> {
  const before = cache.stats().tiers.source.misses;
  return until(() => cache.stats().tiers.source.misses === before + count && fetched().length > 0);
}

describe.each(PLATFORMS)('a IIIF server on %s that fetches one original at a time', (platform) => {
  const startApp = usingApps(platform);

  /** The infos are known, the originals are gone. */
  async function start(options: ImageCacheOptions = {}): Promise<TestApp> {
    const sources = { store: filesystemStore({ directory: directory.path }), concurrency: 1 };
    const cache = { ...options, sources };
    const app = await startApp({ imports: [IiifModule.forRoot({ source, cache })], cache: false });
    for (const name of NAMES) {
      expect((await app.get(`/iiif/3/${name}/info.json`)).status).toBe(200);
      await app.cache.sources?.evict(name);
    }
    origin.forget();
    return app;
  }

  it('fetches none that nobody waits for any more', async () => {
    const app = await start();
    const gate = holdOriginals();
    const waiting = waitingFor(app, NAMES.length);
    const clients = NAMES.map((name) => app.open(whole(name)));
    await waiting;
    for (const client of clients) client.leave();
    await until(async () => (await clientsOf(app)) === 0);
    const other = app.get('/iiif/3/other.jpg/info.json');
    gate.resolve();
    expect((await other).status).toBe(200);
    expect(fetched()).toEqual([expect.stringMatching(/^\/\d\.jpg$/), '/other.jpg']);
    expect(app.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('fetches none for a render that was given up', async () => {
    const clock = new FakeClock(Date.now());
    const app = await start({ clock, render: { deadline: '1m' } });
    const gate = holdOriginals();
    const waiting = waitingFor(app, 2);
    const client = app.open(whole('0.jpg'));
    await until(() => fetched().length === 1);
    const failed = next(app.cache, 'render-failed');
    const refused = app.get('/iiif/3/1.jpg/full/100,/0/default.jpg');
    await waiting;
    await clock.advance(60_000);
    await failed;
    expect((await refused).status).toBe(503);
    gate.resolve();
    expect((await client.answer).status).toBe(200);
    await app.cache.sources?.settled();
    expect(fetched()).toEqual(['/0.jpg']);
  });
});
