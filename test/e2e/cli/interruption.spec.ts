import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, linkSync, writeFileSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../support/async.js';
import { fillCache, runCache, startCache } from '../../support/command-line.js';
import { makeDirectory, type TestDirectory } from '../../support/directories.js';
import { entryFiles, filesIn } from '../../support/filesystem-store.js';
import { prefetchingIn } from '../../support/image-server.js';

/** Files that take a while to remove. */
const FILES = 30_000;

const VARIANT = 'full/max/0/default.jpg';

let place: TestDirectory;
let directory: string;
let environment: Record<string, string>;

beforeEach(async () => {
  place = await makeDirectory();
  directory = join(place.path, 'cache');
  const images = join(place.path, 'images');
  await mkdir(images);
  await fillCache(directory);
  environment = {
    ...prefetchingIn(directory, images, VARIANT),
    CACHE_SERVER_PREFETCH_PATHNAME: join(place.path, 'queue'),
    // The binary would look for it in the file, which can be read once.
    PROCESSOR_CONCURRENCY: '1',
  };
});

afterEach(() => place.remove());

const queued = async (): Promise<number> => {
  const { stdout } = await runCache(['list-queued', '--json'], environment);
  return (JSON.parse(stdout) as { readonly jobs: readonly unknown[] }).jobs.length;
};

describe('image-server cache that is interrupted', () => {
  it.each([
    [['delete-all-cached-images', '--force']],
    [['delete-cached-image', '--force', 'maps/paris.tif']],
    [['delete-all-queued-images', '--force']],
    [['delete-queued-image', '--force', 'rome.tif']],
  ])('while it opens the stores does not %j', async (args) => {
    await runCache(['queue-image', 'rome.tif'], environment);
    const file = join(place.path, 'server.yaml');
    execFileSync('mkfifo', [file]);
    const { process, ended } = startCache([...args, '--config', file], environment);
    const configuration = await open(file, 'w');
    process.kill('SIGINT');
    await configuration.writeFile('{}\n');
    await configuration.close();
    expect(await ended).toEqual({ code: 130, stdout: '', stderr: 'image-server: interrupted.\n' });
    expect([(await entryFiles(directory)).length, await queued()]).toEqual([8, 1]);
  });

  it('gives no more space back, and says so', async () => {
    const original = join(directory, 'image/original');
    writeFileSync(original, 'x');
    for (let each = 0; each < FILES; each += 1) {
      const folder = join(directory, `image/aa/bb/${(each % 256).toString(16).padStart(2, '0')}`);
      mkdirSync(folder, { recursive: true });
      linkSync(original, join(folder, `${each}.jpg`));
    }
    const trash = join(directory, 'trash');
    const { process, ended } = startCache(['delete-all-cached-images', '--force'], environment);
    await eventually(async () => {
      const left = (await filesIn(trash)).length;
      expect([left > 10, left < FILES]).toEqual([true, true]);
    });
    process.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect([code, stdout]).toEqual([130, expect.stringMatching(/^Deleted [\d,]+ variants, 0 infos: /)]);
    expect(stderr).toContain('Ended early: nothing is cached any more, but not all of its space has been given back');
    expect([(await entryFiles(directory)).length, (await filesIn(trash)).length > 0]).toEqual([0, true]);
  });
});
