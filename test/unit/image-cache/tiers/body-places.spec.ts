import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageCacheError } from '../../../../libs/image-cache/src/common/errors.js';
import { FilePlace, MemoryPlace, type Place } from '../../../../libs/image-cache/src/tiers/body-places.js';
import { PlacesInTurn } from '../../../../libs/image-cache/src/tiers/places-in-turn.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { seededBytes } from '../../../support/random.js';

const BODY = seededBytes(200_000);

/** Appends all bytes, however many there is room for at a time. */
async function fill(place: Place, bytes: Buffer): Promise<void> {
  for (let start = 0; start < bytes.byteLength;) start += await place.append(bytes.subarray(start));
}

/** Reads from a position on to the end, so many bytes at a time. */
async function readFrom(place: Place, { start, length }: { readonly start: number; readonly length: number }) {
  const chunks: Buffer[] = [];
  for (let position = start; position < BODY.byteLength;) {
    const chunk = await place.read(position, Math.min(length, BODY.byteLength - position));
    chunks.push(chunk);
    position += chunk.byteLength;
  }
  return Buffer.concat(chunks);
}

describe('places of a body', () => {
  let directory: TestDirectory;
  let told: [string, ImageCacheError][];
  let places: Place[];

  beforeEach(async () => {
    directory = await makeDirectory();
    told = [];
    places = [];
  });

  afterEach(async () => {
    for (const place of places) await place.close();
    await directory.remove();
  });

  const memory = (name: string, limit: number) => ({ name, open: () => Promise.resolve(new MemoryPlace(limit)) });
  const missing = { name: 'missing', open: () => FilePlace.create(join(directory.path, 'missing', 'body')) };
  const inTurn = (...next: ConstructorParameters<typeof PlacesInTurn>[0]): PlacesInTurn => {
    const place = new PlacesInTurn(next, (error, name) => told.push([name, error]));
    places.push(place);
    return place;
  };

  it.each<[string, () => Promise<Place>]>([
    ['a file', () => FilePlace.create(join(directory.path, 'body'))],
    ['a file without a name', () => FilePlace.temporary()],
    ['memory', () => Promise.resolve(new MemoryPlace(BODY.byteLength))],
    ['one place after the other', () => Promise.resolve(inTurn(memory('a', 70_000), memory('b', 1), memory('c', 1e6)))],
  ])('give back what was put in %s, from any position', async (_, make) => {
    const place = await make();
    places.push(place);
    for (const [start, end] of [
      [0, 1],
      [1, 65_536],
      [65_536, 200_000],
    ]) {
      await fill(place, BODY.subarray(start, end));
    }
    for (const start of [0, 1, 65_535, 65_536, 69_999, 70_000, 70_001, 199_999]) {
      expect((await readFrom(place, { start, length: 10_000 })).equals(BODY.subarray(start))).toBe(true);
    }
  });

  it('take no more bytes of memory than they may', async () => {
    const place = new MemoryPlace(100_000);
    await fill(place, BODY.subarray(0, 100_000));
    await expect(place.append(Buffer.of(1))).rejects.toThrow('100000');
  });

  it('read on when the name of their file has gone, and leave no name of a temporary one', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('image-cache-'));
    const named = await FilePlace.create(join(directory.path, 'body'));
    const temporary = await FilePlace.temporary();
    places.push(named, temporary);
    await fill(named, BODY);
    await unlink(named.path);
    expect((await readFrom(named, { start: 0, length: 65_536 })).equals(BODY)).toBe(true);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('image-cache-'))).toEqual(before);
  });

  it('follow one another when one cannot be made or is full, and tell of it', async () => {
    const place = inTurn(missing, memory('small', 10), memory('large', 1e6));
    await fill(place, BODY);
    expect(place.path).toBeUndefined();
    expect(told.map(([name]) => name)).toEqual(['missing', 'small']);
    expect(told[0]?.[1]).toMatchObject({ code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE', cause: { code: 'ENOENT' } });
  });

  it('fail when there is no other one, also when it could not be made', async () => {
    await expect(fill(inTurn(memory('only', 10)), BODY)).rejects.toThrow('only could not be written');
    await expect(fill(inTurn(memory('small', 10), missing), BODY)).rejects.toThrow('missing could not be written');
    expect(told.map(([name]) => name)).toEqual(['small']);
  });

  it('name the file that has all', async () => {
    const path = join(directory.path, 'body');
    const place = inTurn({ name: path, open: () => FilePlace.create(path) }, memory('other', 1e6));
    await fill(place, BODY);
    expect(place.path).toBe(path);
  });
});
