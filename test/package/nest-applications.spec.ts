import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { openRequest, type Answer } from '../support/http-client.js';
import { APPLICATIONS, compile, LIFE, live, makeApplication } from '../support/package-applications.js';
import { evaluate, INSTALLATION, makeWorkshop, pack, type Workshop } from '../support/packages.js';

/** Milliseconds from the end of the work to the end of the process; a forgotten timer or socket takes longer. */
const LINGERING = 10_000;

describe.each(APPLICATIONS)('an application of Nest $nest as $type', ({ nest, type }) => {
  let workshop: Workshop;
  let app: string;

  beforeAll(async () => {
    workshop = await makeWorkshop();
    app = join(workshop.path, 'app');
    const tarball = await pack('image-cache', join(workshop.path, 'packed'));
    await makeApplication(app, { nest, type, program: 'thumbnails.ts', packages: { 'nestjs-image-cache': tarball } });
  }, INSTALLATION);

  afterAll(() => workshop.remove());

  it(
    'compiles, against the types of the library',
    async () => {
      // What other packages declare is not our business.
      const complaints = (await compile(app)).filter((line) => /^main\.ts|nestjs-image-cache/.test(line));
      expect(complaints).toEqual([]);
    },
    LIFE,
  );

  it.each(['express', 'fastify'])(
    'serves what it rendered once, also after a restart, and ends by itself, on %s',
    async (platform) => {
      const args = [platform, join(workshop.path, platform)];
      const ask = (port: number): Promise<Answer> => openRequest(port, '/thumbnails/a/60.webp').answer;
      const first = await live(app, args, async (port) => [await ask(port), await ask(port)]);
      const second = await live(app, args, async (port) => [await ask(port)]);
      const [miss, ...hits] = [...first.seen, ...second.seen];
      expect(outcomeOf(miss)).toEqual([200, 'image/webp', 'image-cache; fwd=miss; stored']);
      for (const hit of hits) {
        expect(outcomeOf(hit)).toEqual([200, 'image/webp', expect.stringMatching(/^image-cache; hit/)]);
        expect(hit.body.equals(miss?.body ?? Buffer.of())).toBe(true);
      }
      for (const { log, exitCode, lingered } of [first, second]) {
        expect([log, exitCode]).toEqual(['', 0]);
        expect(lingered).toBeLessThan(LINGERING);
      }
    },
    LIFE,
  );

  it('gets one and the same module from import and from require', async () => {
    const program = `
      import { createRequire } from 'node:module';
      import * as imported from 'nestjs-image-cache';
      const required = createRequire(process.cwd() + '/')('nestjs-image-cache');
      console.log(imported.ImageCache === required.ImageCache);`;
    expect(await evaluate(app, program)).toBe(true);
  });
});

function outcomeOf(answer: Answer | undefined): readonly unknown[] {
  return [answer?.status, answer?.headers['content-type'], answer?.headers['cache-status']];
}
