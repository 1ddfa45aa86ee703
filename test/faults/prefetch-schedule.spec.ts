import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ScheduleModule } from '@nestjs/schedule';
import { ImagePrefetchModule, Prefetcher, type PrefetchOptions } from 'nestjs-image-cache';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { MAY_MOUNT, mountSmall, mountUnknown, release } from '../support/mounts.js';
import { startApp, type TestApp } from '../support/test-app.js';

const renderer = { render: () => Promise.resolve({ body: Buffer.from('picture'), contentType: 'image/jpeg' }) };

describe('an application that prefetches', () => {
  let directory: TestDirectory;
  let app: TestApp;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(async () => {
    await app.close();
    if (MAY_MOUNT) release(directory.path);
    await directory.remove();
  });

  const start = async (options: PrefetchOptions): Promise<void> => {
    const prefetch = { directory: directory.path, variants: ['jpg:one'], ...options };
    const imports = [ScheduleModule.forRoot(), ImagePrefetchModule.forRoot(prefetch)];
    app = await startApp('express', { imports, cache: { renderer } });
  };

  /** What is said about the queue, and not about the threads of this test. */
  const complaints = (): readonly string[] =>
    app.log
      .filter(({ level, message }) => level !== 'log' && !message.includes('UV_THREADPOOL_SIZE'))
      .map(({ level, message }) => `${level}: ${message}`);

  it('has nothing to say of a queue on a disk of the machine', async () => {
    await start({ interval: '0' });
    expect(complaints()).toEqual([]);
  });

  if (MAY_MOUNT) {
    it('warns that a queue may be on a network share, which hosts cannot share', async () => {
      mountUnknown(directory.path);
      await start({ interval: '0' });
      expect(complaints()).toEqual([
        expect.stringMatching(
          /^warn: prefetch\.directory: .* no file system that is known to be local.* each host a queue/,
        ),
      ]);
    });

    it('complains of a full disk once in half a minute, whatever is due', async () => {
      mountSmall(directory.path, '1m');
      await start({ interval: '1s', initialDelay: '1s' });
      const prefetcher = app.nest.get(Prefetcher);
      await prefetcher.enqueue({ identifier: 'a' });
      await rm(join(directory.path, 'prefetch.reserve'));
      const { bavail, bsize } = await statfs(directory.path);
      await writeFile(join(directory.path, 'filling'), Buffer.alloc(bavail * bsize));
      await until(() => complaints().length > 0);
      await pause(3000);
      expect(complaints()).toEqual(['error: Prefetching failed: There is no room for the queue of the prefetcher.']);
      expect((prefetcher.status().nextAt ?? 0) - Date.now()).toBeGreaterThan(20_000);
    });
  }
});
