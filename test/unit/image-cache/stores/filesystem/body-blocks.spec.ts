import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digestOf } from '../../../../../libs/image-cache/src/common/streams.js';
import {
  BLOCK,
  BlockMeter,
  CHECKSUM_LENGTH,
  checksumsLength,
  checksumsOf,
  VerifiedBody,
} from '../../../../../libs/image-cache/src/stores/filesystem/files/body-blocks.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';
import { openDescriptors } from '../../../../support/open-descriptors.js';
import { seededBytes } from '../../../../support/random.js';

const SIZES = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 5];

describe('the checksums of a body', () => {
  it.each(SIZES)('of %d bytes are as long as they are said to be, in whatever pieces it comes', async (size) => {
    const body = seededBytes(size);
    const whole = checksumsOf(body);
    expect(whole.byteLength).toBe(checksumsLength(size));
    for (const length of [1000, BLOCK, 2 * BLOCK + 1]) {
      const pieces = Array.from({ length: Math.ceil(size / length) }, (_, index) =>
        body.subarray(index * length, (index + 1) * length),
      );
      const meter = new BlockMeter();
      const passed: Buffer[] = [];
      meter.on('data', (chunk: Buffer) => passed.push(chunk));
      await pipeline(Readable.from(pieces, { objectMode: false }), meter);
      expect(Buffer.concat(passed).equals(body)).toBe(true);
      expect(meter.checksums()).toEqual(whole);
    }
  });

  it('has one for each block', () => {
    const body = seededBytes(3 * BLOCK);
    body.writeUInt8(body.readUInt8(BLOCK) ^ 1, BLOCK);
    const [before, after] = [checksumsOf(seededBytes(3 * BLOCK)), checksumsOf(body)];
    const differ = [0, 1, 2].map((index) => {
      const [start, end] = [index * CHECKSUM_LENGTH, (index + 1) * CHECKSUM_LENGTH];
      return !before.subarray(start, end).equals(after.subarray(start, end));
    });
    expect(differ).toEqual([false, true, false]);
  });
});

describe('a stored body', () => {
  let directory: TestDirectory;
  let file: string;

  beforeEach(async () => {
    directory = await makeDirectory();
    file = join(directory.path, 'body');
  });

  afterEach(() => directory.remove());

  const stream = async (
    body: Buffer,
    range = { start: 0, end: body.byteLength - 1 },
  ): Promise<{ stream: VerifiedBody; told: () => number }> => {
    let told = 0;
    const onDamaged = (): void => void (told += 1);
    const described = { size: body.byteLength, digest: digestOf(body), checksums: checksumsOf(body) };
    const handle = await open(file);
    return { stream: await VerifiedBody.open({ handle, ...described, range, onDamaged }), told: () => told };
  };

  it.each(SIZES)('of %d bytes comes as it was written, whole and in part', async (size) => {
    const body = seededBytes(size);
    await writeFile(file, Buffer.concat([body, Buffer.from('trailer')]));
    const edges = [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK, size - 1].filter((edge) => edge >= 0 && edge < size);
    for (const start of edges) {
      for (const end of edges.filter((edge) => edge >= start)) {
        const chunks = (await (await stream(body, { start, end })).stream.toArray()) as Buffer[];
        expect(Buffer.concat(chunks).equals(body.subarray(start, end + 1))).toBe(true);
      }
    }
    expect(Buffer.concat((await (await stream(body)).stream.toArray()) as Buffer[]).equals(body)).toBe(true);
    expect(await openDescriptors(directory.path)).toBe(0);
  });

  it('is not opened when its first block is damaged', async () => {
    await writeFile(file, '');
    await expect(stream(Buffer.alloc(10))).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_CORRUPT' });
    expect(await openDescriptors(directory.path)).toBe(0);
  });

  it('is told as damaged when it cannot be read on', async () => {
    const body = seededBytes(2 * BLOCK);
    await writeFile(file, body.subarray(0, 2 * BLOCK - 1));
    const { stream: broken, told } = await stream(body);
    await expect(broken.toArray()).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_CORRUPT' });
    expect(told()).toBe(1);
  });

  it('gives its file back when nobody reads it', async () => {
    const body = seededBytes(2 * BLOCK);
    await writeFile(file, body);
    const { stream: unread, told } = await stream(body);
    unread.destroy();
    const { stream: left } = await stream(body);
    left.once('data', () => left.destroy());
    await new Promise((resolve) => left.once('close', resolve));
    expect(told()).toBe(0);
    expect(await openDescriptors(directory.path)).toBe(0);
  });
});
