import { describe, expect, it } from '@jest/globals';
import {
  createLimits,
  parseImageRequest,
  resolveOperations,
  rotatedSize,
  type ApiVersion,
  type LimitOptions,
} from 'nestjs-iiif';
import { imageInfo } from '../support/image-info.js';

interface Given {
  readonly version?: ApiVersion;
  readonly limits?: LimitOptions;
  readonly width?: number;
  readonly height?: number;
}

/** Resolves `{region}/{size}/{rotation}/{quality}.{format}`, whose later parts may be left out. */
function resolve(parameters: string, { version = 3, limits = {}, width = 300, height = 200 }: Given = {}) {
  const [region = 'full', size = 'max', rotation = '0', file = 'default.jpg'] = parameters.split('/');
  const request = parseImageRequest(version, { region, size, rotation, file });
  return resolveOperations(request, imageInfo({ width, height }), createLimits(limits));
}

const sizeOf = (parameters: string, given?: Given) => {
  const { width, height } = resolve(parameters, given).size;
  return [width, height];
};

describe('the region', () => {
  it.each([
    ['full', 0, 0, 300, 200],
    ['0,0,300,200', 0, 0, 300, 200],
    ['0,0,9999999999,9999999999', 0, 0, 300, 200],
    ['square', 50, 0, 200, 200],
    ['125,15,120,140', 125, 15, 120, 140],
    ['pct:41.6,7.5,40,70', 125, 15, 120, 140],
    ['125,15,200,200', 125, 15, 175, 185],
    ['pct:41.6,7.5,66.6,100', 125, 15, 175, 185],
    ['299,199,1,1', 299, 199, 1, 1],
    ['pct:0,0,0.2,0.3', 0, 0, 1, 1],
  ])('%s is %i,%i,%i,%i of 300 × 200', (region, x, y, width, height) => {
    expect(resolve(region).region).toEqual({ x, y, width, height });
  });

  it.each([
    '300,0,1,1',
    '0,200,1,1',
    '9999999999,0,1,1',
    'pct:100,0,1,1',
    'pct:0,100,1,1',
    'pct:99.9,0,1,1',
    'pct:0,0,0.1,50',
  ])('%s has nothing of the image', (region) => {
    expect(() => resolve(region)).toThrow(expect.objectContaining({ code: 'E_IIIF_BAD_REGION', status: 400 }));
  });
});

describe('the size', () => {
  it.each<[string, number, number, Given?]>([
    ['full/max', 300, 200],
    ['full/^max', 300, 200],
    ['full/150,', 150, 100],
    ['full/,150', 225, 150],
    ['full/pct:50', 150, 100],
    ['full/pct:33.3', 100, 67],
    ['full/225,100', 225, 100],
    ['full/!225,100', 150, 100],
    ['full/!9999,9999', 300, 200],
    ['full/!9999,100', 150, 100],
    ['full/^!9999,100', 150, 100],
    ['square/max', 200, 200],
    ['0,0,300,1/3,', 3, 1],
    ['0,0,300,1/!100,100', 100, 1],
    ['full/^360,', 360, 240, { limits: { maxScale: 2 } }],
    ['full/^,400', 600, 400, { limits: { maxScale: 2 } }],
    ['full/^pct:120', 360, 240, { limits: { maxScale: 2 } }],
    ['full/^360,360', 360, 360, { limits: { maxScale: 2 } }],
    ['full/^!360,360', 360, 240, { limits: { maxScale: 2 } }],
    ['full/^!9999,9999', 600, 400, { limits: { maxScale: 2 } }],
    ['full/^max', 600, 400, { limits: { maxScale: 2 } }],
    ['full/max', 300, 200, { limits: { maxScale: 2 } }],
    ['full/max', 200, 133, { limits: { maxWidth: 200 } }],
    ['full/max', 120, 80, { limits: { maxWidth: 200, maxHeight: 80 } }],
    ['full/max', 122, 81, { limits: { maxArea: 10_000 } }],
    ['full/^max', 360, 240, { limits: { maxWidth: 360, maxScale: 2 } }],
    ['full/!250,250', 200, 133, { limits: { maxWidth: 200 } }],
    ['0,0,100,100/max', 100, 100, { limits: { maxWidth: 200 } }],
    ['full/full', 300, 200, { version: 2 }],
    ['full/max', 300, 200, { version: 2, limits: { maxScale: 2 } }],
    ['full/max', 200, 133, { version: 2, limits: { maxWidth: 200 } }],
    ['full/600,', 600, 400, { version: 2, limits: { maxScale: 2 } }],
    ['full/!600,600', 300, 200, { version: 2 }],
    ['full/!600,600', 600, 400, { version: 2, limits: { maxScale: 3 } }],
    ['full/max/0/default.webp', 16_383, 10_922, { width: 30_000, height: 20_000, limits: { maxPixels: 1e9 } }],
  ])('%s is %i × %i (%j)', (parameters, width, height, given = {}) => {
    expect(sizeOf(parameters, given)).toEqual([width, height]);
  });

  it.each<[string, string, Given?]>([
    ['full/301,', 'E_IIIF_BAD_SIZE'],
    ['full/,201', 'E_IIIF_BAD_SIZE'],
    ['full/pct:101', 'E_IIIF_BAD_SIZE'],
    ['full/300,201', 'E_IIIF_BAD_SIZE'],
    ['full/9999999999,9999999999', 'E_IIIF_BAD_SIZE'],
    ['full/pct:0.1', 'E_IIIF_BAD_SIZE'],
    ['full/^301,', 'E_IIIF_NO_UPSCALING'],
    ['full/^pct:120', 'E_IIIF_NO_UPSCALING'],
    ['full/^!301,301', 'E_IIIF_NO_UPSCALING'],
    ['full/301,', 'E_IIIF_BAD_SIZE', { version: 2 }],
    ['full/pct:100.5', 'E_IIIF_BAD_SIZE', { version: 2 }],
    ['full/^601,', 'E_IIIF_BAD_SIZE', { limits: { maxScale: 2 } }],
    ['full/^300,401', 'E_IIIF_BAD_SIZE', { limits: { maxScale: 2 } }],
    ['full/^9999999999,', 'E_IIIF_BAD_SIZE', { limits: { maxScale: 2 } }],
    ['full/250,', 'E_IIIF_BAD_SIZE', { limits: { maxWidth: 200 } }],
    ['full/150,', 'E_IIIF_BAD_SIZE', { limits: { maxWidth: 200, maxHeight: 80 } }],
    ['full/150,', 'E_IIIF_BAD_SIZE', { limits: { maxArea: 10_000 } }],
    ['full/full', 'E_IIIF_BAD_SIZE', { version: 2, limits: { maxWidth: 200 } }],
    ['full/max/45', 'E_IIIF_BAD_SIZE', { width: 2000, height: 2000, limits: { maxPixels: 4_000_000 } }],
    ['full/16000,/45/default.webp', 'E_IIIF_BAD_SIZE', { width: 20_000, height: 10_000 }],
  ])('%s is refused with %s (%j)', (parameters, code, given = {}) => {
    expect(() => resolve(parameters, given)).toThrow(expect.objectContaining({ code }));
  });

  it('that needs enlarging is 501 where the server never enlarges', () => {
    expect(() => resolve('full/^301,')).toThrow(expect.objectContaining({ status: 501 }));
  });

  it('that the tile algorithm of the specification asks for is never refused', () => {
    const [width, height, tile] = [1003, 509, 64];
    for (const scale of [1, 2, 4, 8, 16]) {
      for (let x = 0; x < width; x += tile * scale) {
        for (let y = 0; y < height; y += tile * scale) {
          const w = Math.min(tile * scale, width - x);
          const h = Math.min(tile * scale, height - y);
          const size = [Math.ceil(w / scale), Math.ceil(h / scale)];
          expect(sizeOf(`${x},${y},${w},${h}/${size.join(',')}`, { width, height })).toEqual(size);
        }
      }
    }
  });
});

describe('rotation and quality', () => {
  it('360 degrees are none', () => {
    expect(resolve('full/max/360').rotation).toEqual({ mirror: false, degrees: 0 });
    expect(resolve('full/max/!360').rotation).toEqual({ mirror: true, degrees: 0 });
  });

  it.each([
    ['default', 'srgb', 'color'],
    ['color', 'srgb', 'color'],
    ['gray', 'srgb', 'gray'],
    ['bitonal', 'srgb', 'bitonal'],
    ['default', 'b-w', 'gray'],
    ['color', 'b-w', 'gray'],
    ['gray', 'grey16', 'gray'],
    ['bitonal', 'b-w', 'bitonal'],
    ['default', 'cmyk', 'color'],
  ])('%s of an image in %s is %s', (quality, colourSpace, expected) => {
    const request = parseImageRequest(3, { region: 'full', size: 'max', rotation: '0', file: `${quality}.png` });
    expect(resolveOperations(request, imageInfo({ colourSpace }), createLimits()).quality).toBe(expected);
  });

  it.each([
    [0, 30, 20],
    [90, 20, 30],
    [180, 30, 20],
    [270, 20, 30],
    [45, 36, 36],
  ])('a rotation by %d makes 30 × 20 to %i × %i', (degrees, width, height) => {
    expect(rotatedSize({ width: 30, height: 20 }, { mirror: false, degrees })).toEqual({ width, height });
  });
});

describe('limits', () => {
  it.each([
    [{ maxPixels: 0 }, 'maxPixels'],
    [{ maxPixels: 1.5 }, 'maxPixels'],
    [{ maxPixels: Number.NaN }, 'maxPixels'],
    [{ maxScale: 0.5 }, 'maxScale'],
    [{ maxScale: Infinity }, 'maxScale'],
    [{ maxWidth: -1 }, 'maxWidth'],
    [{ maxHeight: 100 }, 'maxHeight'],
    [{ maxArea: 0 }, 'maxArea'],
    [{ timeout: '0' }, 'timeout'],
    [{ timeout: '500ms' }, 'timeout'],
    [{ timeout: '61m' }, 'timeout'],
    [{ timeout: '30' }, 'timeout'],
  ])('%j are refused', (options, name) => {
    expect(() => createLimits(options)).toThrow(`limits.${name}`);
  });

  it('are refused with a time that has no unit', () => {
    const options: object = { timeout: 30 };
    expect(() => createLimits(options)).toThrow(/^limits\.timeout: .*'30s'/);
  });

  it('have defaults', () => {
    expect(createLimits()).toEqual({ maxPixels: 400_000_000, maxScale: 1, timeout: 30 });
  });
});
