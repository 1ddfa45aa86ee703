import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ImageInfo } from 'nestjs-image-cache';
import {
  canonicalParameters,
  createLimits,
  IiifError,
  isUnaltered,
  operationsKey,
  parseImageRequest,
  resolveOperations,
  type ApiVersion,
  type Limits,
  type Operations,
} from 'nestjs-iiif';
import { imageInfo } from '../support/image-info.js';

interface Context {
  readonly version: ApiVersion;
  readonly info: ImageInfo;
  readonly limits: Limits;
}

const image: Context = {
  version: 3,
  info: imageInfo({ width: 300, height: 200 }),
  limits: createLimits({ maxScale: 2 }),
};

function resolve(parameters: string, { version, info, limits }: Context = image): Operations {
  const [region = '', size = '', rotation = '', file = ''] = parameters.split('/');
  return resolveOperations(parseImageRequest(version, { region, size, rotation, file }), info, limits);
}

describe('canonical parameters', () => {
  it.each<[string, string, string]>([
    ['full/max/0/default.jpg', 'full/max/0/default.jpg', 'full/full/0/default.jpg'],
    ['0,0,300,200/300,/360/color.jpg', 'full/max/0/default.jpg', 'full/full/0/default.jpg'],
    ['pct:0,0,100,100/!150,150/0/gray.png', 'full/150,100/0/gray.png', 'full/150,/0/gray.png'],
    ['full/150,150/!90/default.jpg', 'full/150,150/!90/default.jpg', 'full/150,150/!90/default.jpg'],
    ['square/100,/22.50/bitonal.tif', '50,0,200,200/100,100/22.5/bitonal.tif', '50,0,200,200/100,/22.5/bitonal.tif'],
    ['full/^450,/.5/default.webp', 'full/^450,300/0.5/default.webp', 'full/450,/0.5/default.webp'],
    ['full/^600,/0/default.gif', 'full/^max/0/default.gif', 'full/600,/0/default.gif'],
    ['full/max/22.4999/default.jpg', 'full/max/22.5/default.jpg', 'full/full/22.5/default.jpg'],
  ])('of %s are %s, and %s in version 2', (parameters, version3, version2) => {
    const operations = resolve(parameters);
    expect(canonicalParameters(operations, image)).toBe(version3);
    expect(canonicalParameters(operations, { ...image, version: 2 })).toBe(version2);
  });

  it('call the largest size max where limits make it smaller than the region', () => {
    const limited = { ...image, limits: createLimits({ maxWidth: 150 }) };
    const operations = resolve('full/max/0/default.jpg', limited);
    expect(canonicalParameters(operations, limited)).toBe('full/max/0/default.jpg');
    expect(canonicalParameters(operations, { ...limited, version: 2 })).toBe('full/150,/0/default.jpg');
  });

  const side = fc.integer({ min: 1, max: 5000 });
  const percent = fc
    .oneof(fc.integer({ min: 0, max: 120 }), fc.double({ min: 0, max: 100, noNaN: true }))
    .map((n) => n.toFixed(3));
  const number = fc.integer({ min: 0, max: 6000 });
  const region = fc.oneof(
    fc.constantFrom('full', 'square'),
    fc.tuple(number, number, number, number).map((parts) => parts.join(',')),
    fc.tuple(percent, percent, percent, percent).map((parts) => `pct:${parts.join(',')}`),
  );
  const form = fc.oneof(
    fc.constantFrom('max', 'full'),
    number.map((n) => `${n},`),
    number.map((n) => `,${n}`),
    percent.map((n) => `pct:${n}`),
    fc.tuple(number, number).map((parts) => parts.join(',')),
    fc.tuple(number, number).map((parts) => `!${parts.join(',')}`),
  );
  const size = fc.tuple(fc.constantFrom('', '^'), form).map((parts) => parts.join(''));
  const degrees = fc.oneof(fc.constantFrom('0', '90', '180', '270', '360'), percent);
  const rotation = fc.tuple(fc.constantFrom('', '!'), degrees).map((parts) => parts.join(''));
  const quality = fc.constantFrom('default', 'color', 'gray', 'bitonal');
  const format = fc.constantFrom('jpg', 'png', 'webp', 'tif', 'gif');
  const parameters = fc.tuple(
    region,
    size,
    rotation,
    fc.tuple(quality, format).map((parts) => parts.join('.')),
  );
  const context = fc.record({
    version: fc.constantFrom<ApiVersion>(2, 3),
    info: fc.record({ width: side, height: side, colourSpace: fc.constantFrom('srgb', 'b-w') }).map(imageInfo),
    limits: fc
      .record({
        maxScale: fc.constantFrom(1, 1.5, 3),
        maxWidth: fc.option(side),
        maxArea: fc.option(fc.integer({ min: 100, max: 1e6 })),
      })
      .map(({ maxScale, maxWidth, maxArea }) =>
        createLimits({ maxScale, maxWidth: maxWidth ?? undefined, maxArea: maxArea ?? undefined }),
      ),
  });

  it('mean the same picture in either version, and are their own canonical form', () => {
    fc.assert(
      fc.property(parameters, context, (segments, given) => {
        let operations: Operations;
        try {
          operations = resolve(segments.join('/'), given);
        } catch (error) {
          expect(error).toBeInstanceOf(IiifError);
          return;
        }
        for (const version of [2, 3] as const) {
          const canonical = canonicalParameters(operations, { ...given, version });
          const again = resolve(canonical, { ...given, version });
          expect(again).toEqual(operations);
          expect(operationsKey(again, 'recipe')).toBe(operationsKey(operations, 'recipe'));
          expect(canonicalParameters(again, { ...given, version })).toBe(canonical);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('never lie outside the image or the limits', () => {
    fc.assert(
      fc.property(parameters, context, (segments, given) => {
        let operations: Operations;
        try {
          operations = resolve(segments.join('/'), given);
        } catch {
          return;
        }
        const { info, limits } = given;
        const { region: where, size: to } = operations;
        expect(where.x >= 0 && where.y >= 0 && where.width > 0 && where.height > 0).toBe(true);
        expect(where.x + where.width <= info.width && where.y + where.height <= info.height).toBe(true);
        expect(to.width >= 1 && to.height >= 1).toBe(true);
        expect(to.width <= (limits.maxWidth ?? Infinity) && to.height <= (limits.maxWidth ?? Infinity)).toBe(true);
        expect(to.width * to.height).toBeLessThanOrEqual(limits.maxArea ?? limits.maxPixels);
        expect(to.width).toBeLessThanOrEqual(Math.round(where.width * limits.maxScale));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the key of operations', () => {
  const key = (parameters: string, version: ApiVersion = 3) =>
    operationsKey(resolve(parameters, { ...image, version }), 'v1,q=80');

  it('is in terms of pixels and names the recipe', () => {
    expect(key('square/100,/!22.50/gray.jpg')).toBe('50,0,200,200/100,100/!22.5/gray.jpg;v1,q=80');
  });

  it.each([
    ['full/max/0/default.jpg', 'full/full/0/default.jpg'],
    ['0,0,300,200/300,200/360/color.jpg', 'full/max/0/default.jpg'],
    ['full/150,100/90/default.png', 'full/150,/90/color.png'],
    ['full/^450,300/0/default.jpg', 'pct:0,0,100,100/450,/0/default.jpg'],
    ['0,0,128,128/64,64/0/default.jpg', '0,0,128,128/64,/0/default.jpg'],
  ])('is the same for %s of version 3 and %s of version 2', (version3, version2) => {
    expect(key(version3)).toBe(key(version2, 2));
  });

  it('differs for different pictures', () => {
    const pictures = [
      'full/max/0/default.jpg',
      'full/max/0/default.png',
      'full/max/0/gray.jpg',
      'full/max/0/bitonal.jpg',
      'full/max/!0/default.jpg',
      'full/max/90/default.jpg',
      'full/max/9/default.jpg',
      'full/299,200/0/default.jpg',
      '0,0,299,200/max/0/default.jpg',
      '1,0,299,200/max/0/default.jpg',
      '0,0,200,200/max/0/default.jpg',
    ];
    expect(new Set(pictures.map((each) => key(each))).size).toBe(pictures.length);
  });
});

describe('an unaltered image', () => {
  it.each([
    ['full/max/0/default.jpg', {}, true],
    ['0,0,600,400/600,400/360/color.jpg', {}, true],
    ['full/max/0/default.png', {}, false],
    ['full/max/0/default.png', { format: 'png' }, true],
    ['full/max/0/default.tif', { format: 'tiff' }, true],
    ['full/max/0/default.webp', { format: 'webp' }, true],
    ['full/max/0/default.gif', { format: 'gif' }, true],
    ['full/max/0/default.jpg', { format: 'avif' }, false],
    ['full/max/0/default.jpg', { orientation: 6 }, false],
    ['full/max/90/default.jpg', {}, false],
    ['full/max/!0/default.jpg', {}, false],
    ['full/599,/0/default.jpg', {}, false],
    ['0,0,599,400/max/0/default.jpg', {}, false],
    ['full/max/0/gray.jpg', {}, false],
    ['full/max/0/gray.jpg', { colourSpace: 'b-w' }, true],
    ['full/max/0/bitonal.jpg', { colourSpace: 'b-w' }, false],
  ])('is what %s asks for of %j: %s', (parameters, changes, expected) => {
    const info = imageInfo(changes);
    expect(isUnaltered(resolve(parameters, { ...image, info }), info)).toBe(expected);
  });
});
