import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, type Type } from '@nestjs/common';
import { readFile, writeFile } from 'node:fs/promises';
import { CacheVariant, filesystemStore, variantKey } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { record, until } from '../support/async.js';
import { damagesOf } from '../support/damages.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, openDescriptors } from '../support/filesystem-store.js';
import type { Answer } from '../support/http-client.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

/** Streamed, in several blocks. */
const PICTURE = jpegOf(400_000);

@Controller('picture')
class Pictures {
  @Get()
  @CacheVariant({ identifier: 'picture' })
  picture(): Buffer {
    return PICTURE;
  }
}

/** What is asked for, and where it lies in the picture. */
const REQUESTS: readonly (readonly [string, Record<string, string>, number, number])[] = [
  ['whole', {}, 0, PICTURE.byteLength],
  ['from its start', { Range: 'bytes=0-99999' }, 0, 100_000],
  ['to its end', { Range: 'bytes=200000-' }, 200_000, PICTURE.byteLength],
];

describe.each(PLATFORMS)('a large picture whose file is damaged, on %s', (platform) => {
  const start = usingApps(platform);
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  /** The file of the picture; an answer does not wait for it. */
  const fileOnceStored = async (app: TestApp): Promise<string | undefined> => {
    await until(async () => {
      const { status, complete, body } = await app.get('/picture');
      return status === 200 && complete && body.equals(PICTURE);
    });
    let file: string | undefined;
    await until(async () => {
      [file] = await entryFiles(directory.path);
      return file !== undefined;
    });
    return file;
  };

  it.each(REQUESTS)('is served right or cut short when it is asked for %s, and heals', async (_, headers, from, to) => {
    const app = await start({
      controllers: [Pictures as Type],
      cache: {
        clock: new FakeClock(),
        maxBufferedEntry: '64KB',
        variant: { store: filesystemStore({ directory: directory.path }) },
      },
    });
    const incidents = record(app.cache, 'incident');
    const file = (await fileOnceStored(app)) ?? '';
    const original = await readFile(file);
    const key = variantKey({ identifier: 'picture', operations: '' });
    for (const [index, { name, content }] of damagesOf(original, key, {}).entries()) {
      await writeFile(file, content);
      const answer: Answer | undefined = await app.get('/picture', headers).catch(() => undefined);
      const body = answer?.body ?? Buffer.of();
      const served = {
        isOf: [200, 206, undefined].includes(answer?.status),
        isRight: body.equals(PICTURE.subarray(from, from + body.byteLength)),
        isWhole: answer?.complete !== true || body.byteLength === to - from,
      };
      expect({ name, ...served }).toEqual({ name, isOf: true, isRight: true, isWhole: true });
      expect(await fileOnceStored(app)).toBe(file);
      expect({ name, incidents: incidents.map(({ incident }) => incident.kind) }).toEqual({
        name,
        incidents: Array.from({ length: index + 1 }, () => 'quarantined'),
      });
    }
    await until(async () => (await openDescriptors(directory.path, ['image'])) === 0);
  });
});
