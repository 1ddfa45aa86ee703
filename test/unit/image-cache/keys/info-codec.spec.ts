import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ImageInfo } from 'nestjs-image-cache';
import { decodeInfo, encodeInfo, isImageInfo } from '../../../../libs/image-cache/src/keys/info-codec.js';
import { texts } from '../../../support/arbitraries.js';
import { imageInfo } from '../../../support/image-info.js';

const positive = fc.integer({ min: 1, max: 1_000_000 });

/** JSON has one zero. */
const numbers = fc
  .oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map((number) => (number === 0 ? 0 : number));

const levels = fc.record({
  width: positive,
  height: positive,
  location: fc.oneof(fc.record({ page: fc.nat(20) }), fc.record({ subifd: fc.nat(20) })),
});

const infos: fc.Arbitrary<ImageInfo> = fc.record(
  {
    identifier: texts,
    width: positive,
    height: positive,
    format: texts,
    componentDepth: positive,
    channels: positive,
    hasAlpha: fc.boolean(),
    colourSpace: texts,
    icc: fc.boolean(),
    orientation: fc.integer({ min: 1, max: 8 }),
    tileSize: fc.record({ width: positive, height: positive }),
    pyramid: fc.array(levels, { minLength: 1, maxLength: 5 }),
    pages: positive,
    metadata: fc.dictionary(texts, fc.oneof(texts, numbers), { noNullPrototype: true }),
    source: fc.record(
      { etag: texts, lastModified: texts, size: fc.nat(), inode: texts, changed: texts },
      { requiredKeys: [] },
    ),
  },
  {
    requiredKeys: [
      'identifier',
      'width',
      'height',
      'format',
      'componentDepth',
      'channels',
      'hasAlpha',
      'colourSpace',
      'icc',
      'orientation',
      'pyramid',
      'pages',
      'metadata',
    ],
  },
);

const edited = (edit: (document: Record<string, unknown>, info: Record<string, unknown>) => void): Buffer => {
  const document = JSON.parse(encodeInfo(imageInfo()).toString()) as { info: Record<string, unknown> };
  edit(document, document.info);
  return Buffer.from(JSON.stringify(document));
};

describe('a serialised info', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(infos, (info) => {
        expect(isImageInfo(info)).toBe(true);
        expect(decodeInfo(encodeInfo(info), info.identifier)).toEqual(info);
      }),
    );
  });

  it.each([NaN, Infinity, -Infinity])('cannot be of what could not be read back: a density of %p', (density) => {
    const info = imageInfo({ metadata: { density } });
    expect(decodeInfo(encodeInfo(info), 'image')).toBeUndefined();
    expect(isImageInfo(info)).toBe(false);
  });

  it('is none of another image', () => {
    expect(decodeInfo(encodeInfo(imageInfo()), 'other image')).toBeUndefined();
  });

  it.each<[string, Buffer]>([
    ['is empty', Buffer.alloc(0)],
    ['is cut off', encodeInfo(imageInfo()).subarray(0, 100)],
    ['is no JSON', Buffer.from('GIF89a')],
    ['is null', Buffer.from('null')],
    ['is a list', Buffer.from('[]')],
    ['is a text', Buffer.from('"info"')],
    ['has no info', Buffer.from('{"version":1}')],
    ['has null for an info', Buffer.from('{"version":1,"info":null}')],
    ['is of a later version', edited((document) => (document['version'] = 2))],
    ['has no version', edited((document) => delete document['version'])],
  ])('is read again from the source when it %s', (_, body) => {
    expect(decodeInfo(body, 'image')).toBeUndefined();
  });

  const wrong: Readonly<Record<keyof ImageInfo, readonly unknown[]>> = {
    identifier: [undefined, null, 5, {}],
    width: [undefined, null, 0, -1, 1.5, '6000', 1e300],
    height: [undefined, null, 0, -1, 1.5, '4000'],
    format: [undefined, null, 5],
    componentDepth: [undefined, 0, '8'],
    channels: [undefined, 0, '3'],
    hasAlpha: [undefined, null, 1, 'false'],
    colourSpace: [undefined, null, {}],
    icc: [undefined, 'yes'],
    orientation: [undefined, 0, '1'],
    tileSize: [null, 256, { width: 256 }, { width: 0, height: 256 }],
    pyramid: [
      undefined,
      null,
      [],
      {},
      [null],
      [{ width: 1, height: 1 }],
      [{ width: 1, height: 1, location: null }],
      [{ width: 1, height: 1, location: {} }],
      [{ width: 1, height: 1, location: { page: 0, subifd: 0 } }],
      [{ width: 1, height: 1, location: { page: -1 } }],
      [{ width: 0, height: 1, location: { page: 0 } }],
    ],
    pages: [undefined, 0, null],
    metadata: [undefined, null, [], 'x', { density: null }, { nested: {} }],
    source: [null, 'x', [], { size: '5' }, { inode: 5 }, { size: -1 }],
  };

  it.each(Object.entries(wrong).flatMap(([field, values]) => values.map((value) => [field, value] as const)))(
    'is read again from the source when its %s is %j',
    (field, value) => {
      expect(
        decodeInfo(
          edited((_, info) => (info[field] = value)),
          'image',
        ),
      ).toBeUndefined();
    },
  );

  it('never throws, whatever is in the file', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
          fc.json().map((json) => Buffer.from(`{"version":1,"info":${json}}`)),
        ),
        (body) => {
          expect(decodeInfo(body, 'image')).toBeUndefined();
        },
      ),
    );
  });
});
