import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FilesystemSource, IiifModule } from 'nestjs-iiif';
import { until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { FRONTS } from '../support/front-caches.js';
import { startFronted, toldBy, type FrontedApp } from '../support/fronted-app.js';
import { plain } from '../support/pictures.js';
import { PLATFORMS } from '../support/test-app.js';

const TILE = '/iiif/3/lake.jpg/0,0,100,100/50,/0/default.jpg';
const ORIGINAL = '/iiif/3/lake.jpg/full/max/0/default.jpg';

for (const program of FRONTS)
  program.describe.each(PLATFORMS)(`${program.name} in front of a IIIF server on %s`, (platform) => {
    let images: TestDirectory;
    let fronted: FrontedApp;

    beforeAll(async () => {
      images = await makeDirectory();
      await plain(300, 200).jpeg().toFile(join(images.path, 'lake.jpg'));
      const source = new FilesystemSource({ directory: images.path });
      const iiif = IiifModule.forRoot({ source, cache: { client: { maxAge: '1s', sharedMaxAge: '2s' } } });
      fronted = await startFronted(program, platform, { imports: [iiif], cache: false });
    });

    afterAll(async () => {
      await fronted.stop();
      await images.remove();
    });

    /** Has it kept, asked for again after its time, and kept again. */
    const keep = async (path: string): Promise<void> => {
      const { front, seen } = fronted;
      const first = await front.get(path);
      expect([path, first.status, toldBy(program, first)]).toEqual([path, 200, 'fwd=miss']);
      const isHit = async (): Promise<boolean> => toldBy(program, await front.get(path)) === 'hit';
      await until(isHit);
      await until(async () => !(await isHit()) && seen(path).some(({ status }) => status === 304));
      await until(isHit);
      expect([path, seen(path).filter(({ status }) => status !== 304).length]).toEqual([path, 1]);
      const again = await front.get(path);
      expect([path, again.status, again.body.equals(first.body)]).toEqual([path, 200, true]);
      expect(again.headers).toMatchObject({
        'access-control-allow-origin': '*',
        'content-type': first.headers['content-type'],
        link: first.headers.link,
      });
    };

    it('answers for pictures and documents, and asks again by their tags', async () => {
      const documents = [2, 3].map((version) => `/iiif/${version}/lake.jpg/info.json`);
      await Promise.all([TILE, ORIGINAL, ...documents].map(keep));
      expect(fronted.app.cache.stats().renders).toBe(1);
    });

    it('cuts parts of an original out of it', async () => {
      const file = await readFile(join(images.path, 'lake.jpg'));
      const answers = [];
      for (const range of ['bytes=5-50', 'bytes=-9'])
        answers.push(await fronted.front.get(`${ORIGINAL}?part`, { range }));
      expect(answers.map(({ status }) => status)).toEqual([206, 206]);
      expect(answers.map(({ body }) => body)).toEqual([file.subarray(5, 51), file.subarray(-9)]);
      expect(fronted.seen(`${ORIGINAL}?part`).filter(({ status }) => status === 200).length).toBe(1);
    });

    it('keeps no error, and leads nobody elsewhere for long', async () => {
      const { front, seen } = fronted;
      for (const [path, status] of [
        ['/iiif/3/none.jpg/info.json', 404],
        ['/iiif/3/lake.jpg/full/0,/0/default.jpg', 400],
        ['/iiif/3/lake.jpg', 303],
      ] as const) {
        const answers = [await front.get(path), await front.get(path)];
        expect([path, answers.map((answer) => answer.status)]).toEqual([path, [status, status]]);
        expect([path, seen(path).length]).toEqual([path, 2]);
      }
    });
  });
