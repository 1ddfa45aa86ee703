import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { filesystemStore } from 'nestjs-image-cache';
import { adminApp, cacheImages, SECRET } from '../support/admin-app.js';
import { runCache } from '../support/command-line.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { usingApps } from '../support/test-app.js';
import { timeless } from '../support/timeless.js';

const start = usingApps('fastify');

let place: TestDirectory;
let environment: Record<string, string>;

beforeEach(async () => {
  place = await makeDirectory();
  const store = filesystemStore({ directory: join(place.path, 'cache'), maxSize: '1GB' });
  const app = await start(adminApp({ cache: { variant: { store }, info: {} } }));
  const url = `http://127.0.0.1:${app.port}`;
  environment = { IMAGE_SERVER_URL: url, IMAGE_SERVER_USERNAME: 'ada', IMAGE_SERVER_SECRET: SECRET };
  await cacheImages(app.cache, ['maps/paris.tif']);
});

afterEach(() => place.remove());

describe('The commands in the documentation', () => {
  it.each(['docs/command-line.md'])('of %s answer as it says', async (page) => {
    const blocks = (await readFile(page, 'utf8')).matchAll(/^```console\n([\s\S]*?)^```$/gm);
    const sessions = [...blocks].map(([, session = '']) => session);
    expect(sessions).toHaveLength(1);
    for (const step of sessions.join('').split(/^\$ /m).slice(1)) {
      const [command = '', ...expected] = step.split('\n');
      const [program, cache, ...args] = command.split(' ');
      expect([program, cache]).toEqual(['image-server', 'cache']);
      const { stdout, stderr } = await runCache(args, environment);
      expect([command, timeless(stdout + stderr)]).toEqual([command, timeless(expected.join('\n'))]);
    }
  });

  it('are all there are, in docs/command-line.md', async () => {
    const { stdout } = await runCache(['--help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+) \[options\]/gm)].map(([, name]) => name ?? '');
    expect(commands).toHaveLength(20);
    const text = await readFile('docs/command-line.md', 'utf8');
    expect(commands.filter((name) => !new RegExp(`^\\| [^|]*\`${name}[ \`]`, 'm').test(text))).toEqual([]);
  });
});
