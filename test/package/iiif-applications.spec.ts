import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { openRequest, type Answer } from '../support/http-client.js';
import { APPLICATIONS, compile, LIFE, live, makeApplication } from '../support/package-applications.js';
import { INSTALLATION, makeWorkshop, pack, type Workshop } from '../support/packages.js';

/** Packages of Nest that go with each of its major versions. */
const FRAMEWORKS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  11: { '@nestjs/schedule': '^6.0.0', '@nestjs/swagger': '^11.0.0' },
  12: { '@nestjs/schedule': '^12.0.0', '@nestjs/swagger': '^12.0.0' },
};

const CREDENTIALS = { Authorization: `Basic ${Buffer.from('ada:correct horse').toString('base64')}` };

const PICTURE = '/iiif/3/sky.png/full/40,/0/default.jpg';

describe.each(APPLICATIONS)('an image server of Nest $nest as $type', ({ nest, type }) => {
  let workshop: Workshop;
  let app: string;

  beforeAll(async () => {
    workshop = await makeWorkshop();
    app = join(workshop.path, 'app');
    const packages = {
      'nestjs-image-cache': await pack('image-cache', join(workshop.path, 'image-cache')),
      'nestjs-iiif': await pack('iiif', join(workshop.path, 'iiif')),
    };
    await makeApplication(app, { nest, type, program: 'images.ts', frameworks: FRAMEWORKS[nest] ?? {}, packages });
  }, INSTALLATION);

  afterAll(() => workshop.remove());

  it(
    'compiles, against the types of the libraries',
    async () => {
      const complaints = (await compile(app)).filter((line) => /^main\.ts|nestjs-(image-cache|iiif)/.test(line));
      expect(complaints).toEqual([]);
    },
    LIFE,
  );

  it.each(['express', 'fastify'])(
    'prefetches what an operator queues, serves it, also after a restart, and shows its dashboard, on %s',
    async (platform) => {
      const args = [platform, join(workshop.path, platform)];
      const first = await live(app, args, async (port) => {
        const ask = (path: string, method = 'GET', headers = {}): Promise<Answer> =>
          openRequest(port, path, { method, headers }).answer;
        return {
          stranger: await ask('/admin/status'),
          queued: await ask('/admin/cache/sky.png', 'PUT', CREDENTIALS),
          prefetched: await ask('/admin/actions/prefetch', 'POST', CREDENTIALS),
          picture: await ask(PICTURE),
          info: await ask('/iiif/3/sky.png/info.json'),
          absent: await ask('/iiif/3/none.png/info.json'),
          dashboard: await ask('/admin', 'GET', CREDENTIALS),
        };
      });
      const { stranger, queued, prefetched, picture, info, absent, dashboard } = first.seen;
      const statuses = [stranger, queued, picture, info, absent, dashboard].map(({ status }) => status);
      expect(statuses).toEqual([401, 202, 200, 200, 404, 200]);
      expect(JSON.parse(prefetched.body.toString())).toMatchObject({ completed: 1, failed: 0 });
      expect(picture.headers['cache-status']).toMatch(/^image-cache; hit/);
      expect(dashboard.headers['content-type']).toMatch(/^text\/html/);
      const second = await live(app, args, (port) => openRequest(port, PICTURE).answer);
      expect([second.seen.headers['cache-status'], second.seen.body.equals(picture.body)]).toEqual([
        expect.stringMatching(/^image-cache; hit/),
        true,
      ]);
      expect([first.log.trim().split('\n'), first.exitCode]).toEqual([
        [expect.stringContaining('127.0.0.1 may not manage the cache: anonymous')],
        0,
      ]);
      expect([second.log, second.exitCode]).toEqual(['', 0]);
    },
    LIFE,
  );
});
