import { describe, expect, it } from '@jest/globals';
import { createLimits, imageService2, imageService3, parseImageRequest, resolveOperations } from 'nestjs-iiif';
import { imageInfo } from '../support/image-info.js';

const id = 'https://example.org/iiif/3/maps%2Fparis.tif';
const pyramid = [
  [6000, 4000],
  [3000, 2000],
  [1500, 1000],
  [750, 500],
  [375, 250],
  [187, 125],
].map(([width = 0, height = 0], page) => ({ width, height, location: { page } }));
const tiled = imageInfo({ width: 6000, height: 4000, format: 'tiff', tileSize: { width: 256, height: 256 }, pyramid });

describe('the document of version 3', () => {
  it('describes a tiled pyramid', () => {
    expect(imageService3(tiled, { id, limits: createLimits() })).toEqual({
      '@context': 'http://iiif.io/api/image/3/context.json',
      id,
      type: 'ImageService3',
      protocol: 'http://iiif.io/api/image',
      profile: 'level2',
      width: 6000,
      height: 4000,
      sizes: [
        { width: 94, height: 63 },
        { width: 187, height: 125 },
        { width: 375, height: 250 },
        { width: 750, height: 500 },
        { width: 1500, height: 1000 },
        { width: 3000, height: 2000 },
        { width: 6000, height: 4000 },
      ],
      tiles: [{ width: 256, height: 256, scaleFactors: [1, 2, 4, 8, 16, 32] }],
      preferredFormats: ['jpg', 'webp'],
      extraFormats: ['webp', 'tif', 'gif'],
      extraQualities: ['color', 'gray', 'bitonal'],
      extraFeatures: ['canonicalLinkHeader', 'mirroring', 'profileLinkHeader', 'rotationArbitrary'],
    });
  });

  it('begins with the context', () => {
    expect(Object.keys(imageService3(tiled, { id, limits: createLimits() }))[0]).toBe('@context');
  });

  it('does not list color for a gray image', () => {
    const document = imageService3(imageInfo({ colourSpace: 'b-w' }), { id, limits: createLimits() });
    expect(document.extraQualities).toEqual(['gray', 'bitonal']);
  });

  it('prefers formats with transparency where there is some, and what the publisher prefers', () => {
    const info = imageInfo({ hasAlpha: true });
    expect(imageService3(info, { id, limits: createLimits() }).preferredFormats).toEqual(['webp', 'png']);
    const preferredFormats = ['png'] as const;
    expect(imageService3(info, { id, limits: createLimits(), preferredFormats }).preferredFormats).toEqual(['png']);
  });

  it('publishes limits, and keeps sizes and tiles within them', () => {
    const limits = createLimits({ maxWidth: 1000, maxHeight: 600, maxArea: 40_000 });
    const document = imageService3(tiled, { id, limits });
    expect(document).toMatchObject({ maxWidth: 1000, maxHeight: 600, maxArea: 40_000 });
    expect(document.sizes.map(({ width }) => width)).toEqual([94, 187]);
    expect(document.tiles[0]).toMatchObject({ width: 200, height: 200 });
  });

  it('names a limit when it offers to enlarge, as it must', () => {
    const document = imageService3(tiled, { id, limits: createLimits({ maxScale: 2 }) });
    expect(document.extraFeatures).toContain('sizeUpscaling');
    expect(document).toMatchObject({ maxWidth: 12_000, maxHeight: 8000 });
    const other = imageService3(tiled, { id, limits: createLimits({ maxScale: 2, maxArea: 1000 }) });
    expect(other.maxWidth).toBeUndefined();
  });

  it('carries a rights statement', () => {
    const rights = 'http://creativecommons.org/licenses/by/4.0/';
    expect(imageService3(tiled, { id, limits: createLimits(), rights }).rights).toBe(rights);
    expect(imageService2(tiled, { id, limits: createLimits(), rights }).license).toBe(rights);
  });
});

describe('the document of version 2', () => {
  it('describes a tiled pyramid', () => {
    const { sizes, tiles } = imageService3(tiled, { id, limits: createLimits() });
    expect(imageService2(tiled, { id, limits: createLimits({ maxScale: 2, maxWidth: 7000 }) })).toEqual({
      '@context': 'http://iiif.io/api/image/2/context.json',
      '@id': id,
      protocol: 'http://iiif.io/api/image',
      width: 6000,
      height: 4000,
      sizes,
      tiles,
      profile: [
        'http://iiif.io/api/image/2/level2.json',
        {
          formats: ['webp', 'tif', 'gif'],
          qualities: ['color', 'gray', 'bitonal'],
          supports: [
            'canonicalLinkHeader',
            'mirroring',
            'profileLinkHeader',
            'rotationArbitrary',
            'regionSquare',
            'sizeAboveFull',
          ],
          maxWidth: 7000,
        },
      ],
    });
  });
});

describe('tiles', () => {
  it.each([
    ['a small image', imageInfo({ width: 500, height: 300 }), 512, 512, [1]],
    ['an untiled image', imageInfo({ width: 3000, height: 2000 }), 512, 512, [1, 2, 4, 8]],
    ['a large untiled image', imageInfo({ width: 6000, height: 4000 }), 1024, 1024, [1, 2, 4, 8]],
    [
      'strips of tiles',
      imageInfo({ width: 3000, height: 2000, tileSize: { width: 4096, height: 16 } }),
      512,
      512,
      [1, 2, 4, 8],
    ],
    [
      'oblong tiles',
      imageInfo({ width: 2000, height: 1000, tileSize: { width: 512, height: 256 } }),
      512,
      256,
      [1, 2, 4],
    ],
    [
      'a turned image',
      imageInfo({ width: 1000, height: 2000, orientation: 6, tileSize: { width: 512, height: 256 } }),
      ...([256, 512, [1, 2, 4]] as const),
    ],
  ])('of %s are %# of %i × %i at %j', (_, info, width, height, scaleFactors) => {
    const [tiles] = imageService3(info, { id, limits: createLimits() }).tiles;
    expect(tiles).toEqual({ width, height, scaleFactors });
  });
});

describe('sizes', () => {
  it('of an image without a pyramid are halves down to a thumbnail', () => {
    const { sizes } = imageService3(imageInfo({ width: 1000, height: 600 }), { id, limits: createLimits() });
    expect(sizes.map(({ width, height }) => [width, height])).toEqual([
      [125, 75],
      [250, 150],
      [500, 300],
      [1000, 600],
    ]);
  });

  it('of a turned pyramid are upright', () => {
    const levels = [
      { width: 600, height: 400, location: { page: 0 } },
      { width: 150, height: 100, location: { page: 1 } },
    ];
    const info = imageInfo({ width: 400, height: 600, orientation: 8, pyramid: levels });
    const { sizes } = imageService3(info, { id, limits: createLimits() });
    expect(sizes).toEqual([
      { width: 100, height: 150 },
      { width: 400, height: 600 },
    ]);
  });

  it.each([
    [1, 1],
    [1, 100_000],
    [100_000, 1],
    [161, 160],
    [6001, 4001],
  ])('of %i × %i are requests that are granted in both versions', (width, height) => {
    const info = imageInfo({ width, height });
    const limits = createLimits();
    for (const size of imageService3(info, { id, limits }).sizes) {
      for (const [version, text] of [
        [3, `${size.width},${size.height}`],
        [2, `${size.width},`],
      ] as const) {
        const request = parseImageRequest(version, { region: 'full', size: text, rotation: '0', file: 'default.png' });
        expect(resolveOperations(request, info, limits).size).toEqual(size);
      }
    }
  });
});
