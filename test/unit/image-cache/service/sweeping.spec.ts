import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createImageCache, filesystemStore, type ImageCache, type SweepStepName } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { record, until, whilePassing } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { FakeSource } from '../../../support/fake-source.js';
import { entryFiles } from '../../../support/filesystem-store.js';
import { age, DAY, portrayTree } from '../../../support/sweeps.js';

describe('sweeping an image cache', () => {
  let directory: TestDirectory;
  let clock: FakeClock;
  let cache: ImageCache;

  const make = async (options = {}): Promise<ImageCache> =>
    createImageCache({ variant: { store: filesystemStore({ directory: directory.path }) }, clock, ...options });

  const fill = async (): Promise<void> => {
    const render = (): Promise<{ body: Buffer; contentType: string }> =>
      Promise.resolve({ body: Buffer.from('picture'), contentType: 'image/webp' });
    for (const identifier of ['a', 'b', 'c'])
      await cache.variants.getOrRender({ identifier, operations: 'max' }, render);
    await until(async () => (await entryFiles(directory.path)).length === 3);
  };

  const stepsOf = async (steps?: readonly SweepStepName[]): Promise<string[]> =>
    (await cache.sweep(steps && { steps })).steps.map(({ step }) => step);

  beforeEach(async () => {
    directory = await makeDirectory();
    clock = new FakeClock(Date.now());
    cache = await make();
  });

  afterEach(async () => {
    await cache.close();
    await directory.remove();
  });

  it('does all steps in their order, or those that are asked for', async () => {
    const all = ['expired', 'abandoned', 'detritus', 'quarantine', 'trash', 'reconcile', 'bounds', 'scrub'];
    expect(await stepsOf()).toEqual(all);
    expect(await stepsOf(['trash', 'expired'])).toEqual(['expired', 'trash']);
    expect((await cache.evictInvalid()).steps.map(({ step }) => step)).toEqual(['expired']);
    expect((await cache.cleanUp()).steps.map(({ step }) => step)).toEqual(all.slice(1, 5));
  });

  it('asks the source in conservative mode, and in aggressive mode where that is asked for', async () => {
    await cache.close();
    cache = await make({ source: new FakeSource() });
    expect(await stepsOf()).not.toContain('invalid');
    expect(await stepsOf(['invalid'])).toEqual(['invalid']);
    await cache.close();
    cache = await make({ source: new FakeSource(), resolveFirst: true });
    expect((await stepsOf()).slice(0, 2)).toEqual(['expired', 'invalid']);
    expect((await cache.evictInvalid()).steps.map(({ step }) => step)).toEqual(['expired', 'invalid']);
  });

  it.each([
    ['sweep.steps', { steps: ['expire'] }],
    ['sweep.rate.files', { rate: { files: -1 } }],
    ['sweep.rate.bytes', { rate: { bytes: 'much' } }],
  ])('refuses a wrong %s', async (path, options) => {
    await expect(cache.sweep(options as Parameters<ImageCache['sweep']>[0])).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_OPTIONS',
      message: expect.stringContaining(`${path}: `),
    });
  });

  it('only counts in a dry run, and takes the same away without', async () => {
    await fill();
    await mkdir(join(directory.path, 'image', 'empty'));
    await mkdir(join(directory.path, 'trash'), { recursive: true });
    await writeFile(join(directory.path, 'trash', 'piece'), 'x');
    await age(directory.path, 40);
    const before = await portrayTree(directory.path);
    const tried = await cache.sweep({ dryRun: true });
    expect(await portrayTree(directory.path)).toBe(before);
    expect(tried.steps).toMatchObject([{ removed: 3 }, {}, { removed: 1 }, {}, { removed: 1 }, {}, {}, {}]);
    const done = await cache.sweep();
    expect(done.steps[0]).toEqual(tried.steps[0]);
    expect(await entryFiles(directory.path)).toEqual([]);
  });

  it('tells of its steps, and how far they are', async () => {
    await fill();
    const steps = record(cache, 'step');
    const heard = record(cache, 'progress');
    const told: string[] = [];
    await clock.advance(40 * DAY);
    const swept = cache.sweep({ rate: { files: 10 }, steps: ['expired'], onProgress: ({ step }) => told.push(step) });
    expect(await whilePassing(clock, swept)).toMatchObject({ steps: [{ step: 'expired', removed: 3 }] });
    expect(told[0]).toBe('expired');
    expect(heard[0]?.progress.step).toBe('expired');
    expect(steps).toMatchObject([{ report: { step: 'expired', removed: 3 } }]);
  });

  it('ends when the cache is closed', async () => {
    await fill();
    const swept = cache.sweep({ rate: { files: 1 }, steps: ['detritus'] });
    await until(async () => (await entryFiles(directory.path)).length === 3);
    await cache.close();
    expect(await swept).toMatchObject({ aborted: true });
  });
});
