import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EntryKey, EntryMeta } from 'nestjs-image-cache';
import {
  decodeFooter,
  decodeMetadata,
  encodeTrailer,
  FOOTER_LENGTH,
  LONGEST_METADATA,
} from '../../../../../libs/image-cache/src/stores/filesystem/files/entry-file.js';
import { damages, entries } from '../../../../support/arbitraries.js';
import { variantOf } from '../../../../support/stores.js';

const KEY = variantOf('image');

/** Of an entry whose body has one block. */
function trailerOf(meta: EntryMeta): Buffer {
  return encodeTrailer(KEY, meta, Buffer.alloc(0));
}

/** Reads a whole file as a store does: the footer at its end, then the metadata before it. */
function readFile(file: Buffer, key: EntryKey = KEY): EntryMeta | undefined {
  const footer = decodeFooter(file.subarray(-FOOTER_LENGTH), file.byteLength);
  if (footer === undefined) return undefined;
  const end = file.byteLength - FOOTER_LENGTH;
  return decodeMetadata(file.subarray(end - footer.metadataLength, end), footer, key)?.meta;
}

describe('the file of an entry', () => {
  it('tells the metadata that were written behind the body', () => {
    fc.assert(
      fc.property(entries, ({ meta, body }) => {
        expect(readFile(Buffer.concat([body, trailerOf(meta)]))).toEqual(meta);
      }),
    );
  });

  it('is none of another entry', () => {
    fc.assert(
      fc.property(entries, ({ meta, body }) => {
        const file = Buffer.concat([body, trailerOf(meta)]);
        for (const other of [variantOf('another image'), variantOf('image', 'other'), { ...KEY, extension: 'png' }])
          expect(readFile(file, other)).toBeUndefined();
      }),
    );
  });

  it('never tells other metadata, whatever happened to its end', () => {
    fc.assert(
      fc.property(entries, damages, ({ meta, body }, damage) => {
        const trailer = trailerOf(meta);
        const damaged = damage(trailer);
        expect(readFile(Buffer.concat([body, damaged]))).toEqual(damaged.equals(trailer) ? meta : undefined);
      }),
      { numRuns: 1000 },
    );
  });

  it('is none when bytes of the body are missing or added', () => {
    fc.assert(
      fc.property(entries, damages, ({ meta, body }, damage) => {
        const damaged = damage(body);
        fc.pre(damaged.byteLength !== body.byteLength);
        expect(readFile(Buffer.concat([damaged, trailerOf(meta)]))).toBeUndefined();
      }),
    );
  });

  it('is none when it is something else', () => {
    const foreign = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(foreign, (file) => {
        expect(readFile(file)).toBeUndefined();
      }),
    );
  });

  it('is not written when its metadata could not be read again', () => {
    const meta = { identifier: '', contentType: 'image/jpeg', size: 0, digest: '', createdAt: 0 };
    const room = LONGEST_METADATA - (trailerOf(meta).byteLength - FOOTER_LENGTH);
    const longest = { ...meta, identifier: 'x'.repeat(room) };
    expect(readFile(trailerOf(longest))).toEqual(longest);
    expect(() => trailerOf({ ...meta, identifier: 'x'.repeat(room + 1) })).toThrow(
      expect.objectContaining({ code: 'E_IMAGE_CACHE_TOO_LARGE' }),
    );
  });
});
