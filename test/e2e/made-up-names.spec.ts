import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, NotFoundException, Param } from '@nestjs/common';
import { join } from 'node:path';
import { CacheVariant, filesystemStore } from 'nestjs-image-cache';
import { eventually } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { directoriesBelow } from '../support/disk-usage.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

@Controller('pictures')
class NoPictures {
  @Get(':id')
  @CacheVariant()
  picture(@Param('id') id: string): Buffer {
    throw new NotFoundException(`There is no ${id}.`);
  }
}

describe.each(PLATFORMS)('names that somebody makes up, on %s', (platform) => {
  const start = usingApps(platform);
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  it('leave no directory behind', async () => {
    const store = filesystemStore({ directory: directory.path, maxSize: '1MB' });
    const app = await start({ controllers: [NoPictures], cache: { variant: { store } } });
    const ids = Array.from({ length: 100 }, (_, index) => `made-up-${index}`);
    const answers = await Promise.all(ids.map((id) => app.get(`/pictures/${id}`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
    await eventually(() => {
      for (const tree of ['image', 'info', 'source']) expect(directoriesBelow(join(directory.path, tree))).toEqual([]);
    });
    expect(app.cache.stats().incidents).toEqual({});
  });
});
