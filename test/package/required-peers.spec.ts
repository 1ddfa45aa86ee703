import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { evaluate, INSTALLATION, install, makeWorkshop, pack, type Workshop } from '../support/packages.js';

describe('the package with nothing beside it but its required peers', () => {
  let workshop: Workshop;
  let app: string;

  beforeAll(async () => {
    workshop = await makeWorkshop();
    app = join(workshop.path, 'app');
    const tarball = await pack('image-cache', join(workshop.path, 'packed'));
    // npm installs the required peers, and not the optional ones.
    await install(app, { type: 'module', dependencies: { 'nestjs-image-cache': `file:${tarball}` } });
  }, INSTALLATION);

  afterAll(() => workshop.remove());

  it.each(['sharp', '@nestjs/schedule', '@nestjs/platform-express', '@nestjs/platform-fastify'])(
    'comes without %s',
    async (name) => {
      await expect(access(join(app, 'node_modules', name))).rejects.toThrow('ENOENT');
    },
  );

  it('loads, and works without an HTTP platform', async () => {
    const outcomes = await evaluate(
      app,
      `import { NestFactory } from '@nestjs/core';
       import { ImageCache, ImageCacheModule } from 'nestjs-image-cache';
       const context = await NestFactory.createApplicationContext(ImageCacheModule.forRoot(), { logger: false });
       const { variants } = context.get(ImageCache);
       const render = async () => ({ body: Buffer.from('picture'), contentType: 'image/webp' });
       const ask = () => variants.getOrRender({ identifier: 'a', operations: 'w=1' }, render);
       const outcomes = [(await ask()).outcome, (await ask()).outcome];
       await context.close();
       console.log(JSON.stringify(outcomes));`,
    );
    expect(outcomes).toMatchObject([{ kind: 'miss' }, { kind: 'hit' }]);
  });

  it('sweeps files in a thread, and ends by itself', async () => {
    const [swept, verified] = (await evaluate(
      app,
      `import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
       import { tmpdir } from 'node:os';
       import { join } from 'node:path';
       import { createImageCache, filesystemStore } from 'nestjs-image-cache';
       const directory = mkdtempSync(join(tmpdir(), 'image-cache-package-files-'));
       let ahead = 0;
       const clock = { now: () => Date.now() + ahead, schedule: () => ({ cancel() {} }) };
       const cache = await createImageCache({ variant: { store: filesystemStore({ directory }), ttl: '1d' }, clock });
       const stored = new Promise((resolve) => cache.on('stored', resolve));
       const render = async () => ({ body: Buffer.from('picture'), contentType: 'image/webp' });
       await cache.variants.getOrRender({ identifier: 'a', operations: 'w=1' }, render);
       await stored;
       ahead = 2 * 86_400_000;
       const reports = [await cache.sweep({ steps: ['expired'] }), await cache.sweep({ steps: ['scrub'] })];
       rmSync(directory, { recursive: true });
       console.log(JSON.stringify(reports.map(({ steps }) => steps[0])));`,
    )) as readonly unknown[];
    expect(swept).toMatchObject({ step: 'expired', examined: 1, removed: 1, failed: 0 });
    expect(verified).toMatchObject({ step: 'scrub', failed: 0 });
  });

  it('says what to install for the worker', async () => {
    const starting = evaluate(
      app,
      `import { NestFactory } from '@nestjs/core';
       import { ImageCacheModule } from 'nestjs-image-cache';
       const options = { logger: false, abortOnError: false };
       await NestFactory.createApplicationContext(ImageCacheModule.forRoot({ worker: {} }), options);`,
    );
    await expect(starting).rejects.toThrow(
      'imageCache.worker: @nestjs/schedule is missing; install @nestjs/schedule and import ScheduleModule.forRoot()',
    );
  });
});
