import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FilesystemSource, IiifModule, type IiifOptions, type Original } from 'nestjs-iiif';
import { deferred, until, type Deferred } from '../support/async.js';
import { openRequest, type OpenRequest } from '../support/http-client.js';
import { connectRaw } from '../support/raw-client.js';
import { makeImages, type TestImages } from '../support/samples.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const SECOND = '127.0.0.2';

let images: TestImages;

beforeAll(async () => {
  process.env['UV_THREADPOOL_SIZE'] = '8';
  images = await makeImages();
});

afterAll(async () => {
  await images.remove();
});

/** Gives its originals when the test says so. */
class GatedSource extends FilesystemSource {
  gate: Deferred | undefined;
  /** That of the last one who asked. */
  signal: AbortSignal | undefined;

  override async open(...request: Parameters<FilesystemSource['open']>): Promise<Original> {
    this.signal = request[1]?.signal;
    await this.gate?.promise;
    return super.open(...request);
  }
}

const path = (width: number): string => `/iiif/3/photo.jpg/full/${width},/0/default.jpg`;

describe.each(PLATFORMS)('a IIIF server on %s that is busy', (platform) => {
  const startApp = usingApps(platform);

  /** One render runs at a time; the info is known. */
  async function busy(perClient?: number, { cache, ...options }: Partial<IiifOptions> = {}) {
    const source = new GatedSource({ directory: images.source });
    const render = { concurrency: 1, ...(perClient !== undefined && { perClient }), ...cache?.render };
    const app = await startApp({
      imports: [IiifModule.forRoot({ source, cache: { render }, ...options })],
      cache: false,
    });
    await app.get('/iiif/3/photo.jpg/info.json');
    source.gate = deferred();
    return { app, source, gate: source.gate };
  }

  const rendering = (app: TestApp, count: number): Promise<void> =>
    until(() => {
      const { running, waiting } = app.cache.stats().rendering;
      return running + waiting === count;
    });

  it('says nothing in its log of clients that leave the queue', async () => {
    const { app, gate } = await busy();
    const running = app.open(path(100));
    await rendering(app, 1);
    const waiting = app.open(path(101));
    await rendering(app, 2);
    waiting.leave();
    await rendering(app, 1);
    gate.resolve();
    expect((await running.answer).status).toBe(200);
    expect(app.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('tells who waits that it has given a render up', async () => {
    const { app, gate } = await busy(undefined, { cache: { render: { deadline: '300ms', timeout: '30s' } } });
    const answer = await app.get(path(100));
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'E_IMAGE_CACHE_OVERLOADED' });
    gate.resolve();
  });

  it('says nothing in its log of a client that leaves before its original is open', async () => {
    const { app, source, gate } = await busy();
    const client = app.open('/iiif/3/photo.jpg/full/max/0/default.jpg');
    await until(() => source.signal !== undefined);
    client.leave();
    await until(() => source.signal?.aborted === true);
    gate.resolve();
    expect((await app.get(path(100))).status).toBe(200);
    expect(app.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('renders so much for each client', async () => {
    const { app, gate } = await busy(1);
    const had: OpenRequest[] = [app.open(path(100))];
    await rendering(app, 1);
    const refused = await app.get(path(101));
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'access-control-allow-origin': '*' });
    expect(JSON.parse(refused.body.toString())).toMatchObject({ statusCode: 429, code: 'E_IMAGE_CACHE_TOO_MANY' });
    had.push(openRequest(app.port, path(101), { from: SECOND }));
    await rendering(app, 2);
    gate.resolve();
    const answers = await Promise.all(had.map(({ answer }) => answer));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(app.cache.stats().limited).toBe(1);
  });

  it('asks who a client is where that is told', async () => {
    const clientId = (): string => 'all';
    const { app, gate } = await busy(1, { clientId });
    const first = app.open(path(100));
    await rendering(app, 1);
    expect((await openRequest(app.port, path(101), { from: SECOND }).answer).status).toBe(429);
    gate.resolve();
    expect((await first.answer).status).toBe(200);
  });

  it('renders for one request of a connection at a time', async () => {
    const { app, gate } = await busy();
    const hasty = await connectRaw(app.port);
    hasty.send(...Array.from({ length: 100 }, (_, index) => path(100 + index)));
    await rendering(app, 1);
    await until(() => app.cache.stats().limited > 0);
    expect(app.cache.stats().tiers.variant.misses).toBe(1);
    gate.resolve();
    const answers = (await hasty.rest()).toString('latin1').match(/HTTP\/1\.1 \d+/g);
    expect(answers).toEqual([...Array.from({ length: 65 }, () => 'HTTP/1.1 200'), 'HTTP/1.1 429']);
    hasty.socket.destroy();
  });
});
