import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceLookup } from 'nestjs-image-cache';
import {
  FilesystemSource,
  HttpSource,
  IiifModule,
  type IiifOptions,
  type Original,
  type OriginalSource,
} from 'nestjs-iiif';
import { eventually } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { openPaths } from '../support/open-descriptors.js';
import { OriginServer } from '../support/origin-server.js';
import { noise } from '../support/samples.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const ORIGINAL = '/iiif/3/lake.png/full/max/0/default.png';

/** How many clients ask for what they are refused. */
const CLIENTS = 5;

/** Stamps originals with what is no time. */
class Undated extends HttpSource {
  static readonly #stamp = { lastModified: 'yesterday' };

  override lookup(): Promise<SourceLookup> {
    return Promise.resolve({ status: 'found', stamp: Undated.#stamp });
  }

  override async open(identifier: string): Promise<Original> {
    return { ...(await super.open(identifier)), stamp: Undated.#stamp };
  }
}

describe.each(PLATFORMS)('a IIIF server that cannot answer with an original, on %s', (platform) => {
  const startApp = usingApps(platform);
  let directory: TestDirectory;
  let origin: OriginServer;
  let http: HttpSource;
  let lake: Buffer;

  beforeAll(async () => {
    lake = await noise(600, 400).png().toBuffer();
  });

  beforeEach(async () => {
    directory = await makeDirectory();
    await mkdir(join(directory.path, 'images'));
    await writeFile(join(directory.path, 'images', 'lake.png'), lake);
    origin = await OriginServer.start();
    origin.put('lake.png', { body: lake, etag: '"1"' });
    http = new HttpSource({ urlPrefix: origin.url, allow: ['127.0.0.1'] });
  });

  afterEach(async () => {
    await origin.stop();
    await http.close();
    await directory.remove();
  });

  const sources: Record<string, () => OriginalSource> = {
    files: () => new FilesystemSource({ directory: join(directory.path, 'images') }),
    HTTP: () => http,
  };

  const start = (from: string, options: Partial<IiifOptions> = {}): Promise<TestApp> => {
    const source = sources[from]?.() ?? http;
    return startApp({ imports: [IiifModule.forRoot({ source, ...options })], cache: false });
  };

  const opened = async (): Promise<readonly string[]> =>
    (await openPaths()).filter((path) => path.includes('lake.png') || path.includes('iiif-original'));

  const statuses = async (app: TestApp, headers: Record<string, string>): Promise<number[]> => {
    const asked = Array.from({ length: CLIENTS }, () => app.get(ORIGINAL, headers));
    return (await Promise.all(asked)).map(({ status }) => status);
  };

  it.each(['files', 'HTTP'])('has none of them open, from %s, for clients whose host is none', async (from) => {
    const app = await start(from, { trustProxy: true });
    await app.get('/iiif/3/lake.png/info.json');
    origin.forget();
    expect(await statuses(app, { Host: 'a|b' })).toEqual(Array(CLIENTS).fill(400));
    expect(await statuses(app, { 'X-Forwarded-Host': 'a|b' })).toEqual(Array(CLIENTS).fill(400));
    expect([await opened(), origin.count('GET')]).toEqual([[], 0]);
    expect((await app.get(ORIGINAL)).status).toBe(200);
  });

  it('gives them back when their source tells of them what makes no header', async () => {
    http = new Undated({ urlPrefix: origin.url, allow: ['127.0.0.1'] });
    const app = await start('HTTP');
    expect(await statuses(app, {})).toEqual(Array(CLIENTS).fill(500));
    await eventually(async () => {
      expect(await opened()).toEqual([]);
    });
  });

  it.each(['files', 'HTTP'])('gives them back, from %s, to clients who want the headers alone', async (from) => {
    const app = await start(from);
    expect((await app.request('HEAD', ORIGINAL)).status).toBe(200);
    await eventually(async () => {
      expect(await opened()).toEqual([]);
    });
  });
});
