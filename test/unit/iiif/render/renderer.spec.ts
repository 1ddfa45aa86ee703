import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ImageInfo } from 'nestjs-image-cache';
import { createLimits, createRenderer, parseImageRequest, readImageInfo, resolveOperations } from 'nestjs-iiif';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { crop, decode, decodeUpright, difference, mirrored, scene, turned, type Pixels } from '../support/pictures.js';
import { toSubifdPyramid } from '../support/tiff.js';

const limits = createLimits({ maxScale: 4 });
const renderer = createRenderer({ limits });
const signal = new AbortController().signal;

const infoOf = (input: Buffer) => readImageInfo(input, { identifier: 'test', limits });

/** Renders `{region}/{size}/{rotation}/{quality}.{format}` of version 3. */
async function render(input: Buffer, parameters: string, info?: ImageInfo): Promise<Buffer> {
  const [region = '', size = '', rotation = '', file = ''] = parameters.split('/');
  const known = info ?? (await infoOf(input));
  const operations = resolveOperations(parseImageRequest(3, { region, size, rotation, file }), known, limits);
  const { body } = await renderer.render({ input, info: known, operations }, { signal });
  if (!Buffer.isBuffer(body)) throw new TypeError('expected a buffer');
  return body;
}

function reference(image: Pixels, mirror: boolean, quarters: number): Pixels {
  let result = mirror ? mirrored(image) : image;
  for (let turn = 0; turn < quarters; turn++) result = turned(result);
  return result;
}

describe('region, mirroring and rotation', () => {
  const orientations = [1, 2, 3, 4, 5, 6, 7, 8];
  const rotations = ['0', '90', '180', '270', '!0', '!90', '!180', '!270'];
  const cases = orientations.flatMap((orientation) => rotations.map((rotation) => [orientation, rotation] as const));

  it.each(cases)('are exact to the pixel for orientation %i and rotation %s', async (orientation, rotation) => {
    const image = await scene(40, 24).withMetadata({ orientation }).png().toBuffer();
    const upright = await decodeUpright(image);
    const part = crop(upright, 3, 5, { width: 17, height: 13 });
    const expected = reference(part, rotation.startsWith('!'), Number(rotation.replace('!', '')) / 90);
    const actual = await decode(await render(image, `3,5,17,13/max/${rotation}/default.png`));
    expect(difference(actual, expected)).toBe(0);
  });

  it.each(cases)(
    'hold when a JPEG is scaled before it is cut, for orientation %i and rotation %s',
    async (...given) => {
      const [orientation, rotation] = given;
      const image = await scene(640, 320).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
      const upright = await decodeUpright(image);
      const { width, height } = upright;
      const square = crop(upright, (width - 320) / 2, (height - 320) / 2, { width: 320, height: 320 });
      const small = await sharp(square.data, { raw: { width: 320, height: 320, channels: 3 } })
        .resize(40, 40)
        .png()
        .toBuffer();
      const expected = reference(await decode(small), rotation.startsWith('!'), Number(rotation.replace('!', '')) / 90);
      const actual = await decode(await render(image, `square/40,40/${rotation}/default.png`));
      expect(difference(actual, expected)).toBeLessThan(4);
    },
  );
});

describe('the size', () => {
  it.each([
    ['full/max', 60, 40],
    ['full/30,', 30, 20],
    ['full/,10', 15, 10],
    ['full/pct:50', 30, 20],
    ['full/33,7', 33, 7],
    ['full/!30,30', 30, 20],
    ['full/^120,', 120, 80],
    ['full/^max', 240, 160],
    ['square/max', 40, 40],
    ['50,30,100,100/max', 10, 10],
  ])('of %s is %i × %i', async (parameters, width, height) => {
    const image = await scene(60, 40).png().toBuffer();
    const metadata = await sharp(await render(image, `${parameters}/0/default.png`)).metadata();
    expect([metadata.width, metadata.height]).toEqual([width, height]);
  });

  it('is exchanged by a quarter turn', async () => {
    const image = await scene(60, 40).png().toBuffer();
    const metadata = await sharp(await render(image, 'full/30,20/90/default.jpg')).metadata();
    expect([metadata.width, metadata.height]).toEqual([20, 30]);
  });
});

describe.each(['pages', 'SubIFDs'])('a pyramid in %s', (kind) => {
  let file: Buffer;
  let info: ImageInfo;
  let flat: ImageInfo;

  beforeAll(async () => {
    const pages = await scene(1500, 1003)
      .tiff({ tile: true, tileWidth: 128, tileHeight: 128, pyramid: true, compression: 'jpeg', quality: 92 })
      .toBuffer();
    file = kind === 'pages' ? pages : toSubifdPyramid(pages);
    info = await infoOf(file);
    flat = { ...info, pyramid: info.pyramid.slice(0, 1) };
  });

  it('is found with its tile size', () => {
    expect(info.pyramid.map(({ width, height }) => [width, height])).toEqual([
      [1500, 1003],
      [750, 501],
      [375, 250],
      [187, 125],
      [93, 62],
    ]);
    expect(info.tileSize).toEqual({ width: 128, height: 128 });
  });

  it.each([
    ['512,256,512,512/128,128'],
    ['1024,512,476,491/119,123'],
    ['0,0,1024,1003/128,126'],
    ['1024,0,476,1003/60,126'],
    ['256,256,256,256/128,128'],
    ['full/187,125'],
    ['full/300,200'],
    ['100,101,333,222/111,74'],
    ['7,3,640,640/80,80'],
  ])('gives the same picture as the full size for %s, not shifted by a pixel', async (parameters) => {
    const [small, large] = await Promise.all([
      render(file, `${parameters}/0/default.png`, info).then(decode),
      render(file, `${parameters}/0/default.png`, flat).then(decode),
    ]);
    const aligned = difference(small, large);
    expect(aligned).toBeLessThan(parameters.startsWith('full') ? 7 : 5);
    for (const shift of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const) {
      expect(difference(small, large, shift)).toBeGreaterThan(aligned);
    }
  });

  it('gives tiles that fit together without a seam', async () => {
    const factor = 4;
    const whole = await decode(await render(file, 'full/375,251/0/default.png', flat));
    for (let x = 0; x < 1500; x += 128 * factor) {
      for (let y = 0; y < 1003; y += 128 * factor) {
        const width = Math.ceil(Math.min(128 * factor, 1500 - x) / factor);
        const height = Math.ceil(Math.min(128 * factor, 1003 - y) / factor);
        const region = `${x},${y},${128 * factor},${128 * factor}`;
        const tile = await decode(await render(file, `${region}/${width},${height}/0/default.png`, info));
        expect(difference(tile, crop(whole, x / factor, y / factor, { width, height }))).toBeLessThan(5);
      }
    }
  });

  it('is shown upright when the file says how it lies', async () => {
    const turnedInfo = { ...info, orientation: 6, width: 1003, height: 1500 };
    const actual = await decode(await render(file, '0,0,512,512/128,128/0/default.png', turnedInfo));
    const stored = await decode(await render(file, '0,491,512,512/128,128/0/default.png', flat));
    expect(difference(actual, turned(stored))).toBeLessThan(5);
  });
});

describe('qualities and formats', () => {
  const transparent = () =>
    sharp({ create: { width: 40, height: 30, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } })
      .composite([{ input: { create: { width: 20, height: 30, channels: 4, background: '#00f' } }, left: 0, top: 0 }])
      .png()
      .toBuffer();

  it.each([
    ['jpg', 'jpeg'],
    ['png', 'png'],
    ['webp', 'webp'],
    ['tif', 'tiff'],
    ['gif', 'gif'],
  ])('%s is encoded as %s', async (format, expected) => {
    const image = await scene(40, 30).png().toBuffer();
    const metadata = await sharp(await render(image, `full/20,/0/default.${format}`)).metadata();
    expect(metadata.format).toBe(expected);
  });

  it.each(['jpg', 'png', 'webp', 'tif'])('gray has no colour in %s', async (format) => {
    const { data, channels } = await decode(
      await render(await scene(40, 30).png().toBuffer(), `full/max/0/gray.${format}`),
    );
    for (let at = 0; at < data.length; at += channels) {
      const values = [...data.subarray(at, at + Math.min(3, channels))];
      expect(Math.max(...values) - Math.min(...values)).toBeLessThanOrEqual(1);
    }
  });

  it.each(['0', '90', '33', '!33.5'])('bitonal has black and white only, rotated by %s', async (rotation) => {
    const image = await scene(40, 30).png().toBuffer();
    const { data } = await decode(await render(image, `full/20,/${rotation}/bitonal.png`));
    expect(new Set(data)).toEqual(new Set([0, 255]));
  });

  it('transparency is white in a JPEG', async () => {
    const { data, channels, width } = await decode(await render(await transparent(), 'full/max/0/default.jpg'));
    const at = (10 * width + 35) * channels;
    expect([...data.subarray(at, at + 3)].every((value) => value > 250)).toBe(true);
  });

  it.each(['png', 'webp', 'tif', 'gif'])('transparency stays in %s', async (format) => {
    const { data, channels, width } = await decode(await render(await transparent(), `full/max/0/default.${format}`));
    expect(channels).toBe(4);
    expect(data[(10 * width + 35) * 4 + 3]).toBe(0);
    expect(data[(10 * width + 5) * 4 + 3]).toBe(255);
  });

  it.each(['png', 'webp', 'tif', 'gif'])('the corners of a rotated picture are transparent in %s', async (format) => {
    const image = await scene(40, 30).png().toBuffer();
    const { data, channels, width } = await decode(await render(image, `full/max/45/default.${format}`));
    expect(channels).toBe(4);
    expect(data[3]).toBe(0);
    expect(data[(25 * width + 25) * 4 + 3]).toBe(255);
  });

  it('the corners of a rotated picture are white in a JPEG, also when the source is transparent', async () => {
    for (const image of [await scene(40, 30).png().toBuffer(), await transparent()]) {
      const { data, channels } = await decode(await render(image, 'full/max/45/default.jpg'));
      expect(channels).toBe(3);
      expect(Math.min(...data.subarray(0, 3))).toBeGreaterThan(230);
    }
  });

  it('an arbitrary rotation turns clockwise', async () => {
    const image = await scene(90, 90).png().toBuffer();
    const quarter = await decode(await render(image, 'full/max/90/default.png'));
    const almost = await decode(await render(image, 'full/max/89.9/default.png'));
    const inner = (pixels: Pixels) => crop(pixels, 20, 20, { width: 50, height: 50 });
    const opaque = await sharp(almost.data, { raw: { width: almost.width, height: almost.height, channels: 4 } })
      .removeAlpha()
      .png()
      .toBuffer();
    expect(difference(inner(await decode(opaque)), inner(quarter))).toBeLessThan(5);
  });

  it.each([
    ['a CMYK JPEG', () => scene(40, 30).toColourspace('cmyk').jpeg().toBuffer()],
    ['a 16-bit PNG', () => scene(40, 30).toColourspace('rgb16').png().toBuffer()],
    ['a P3 JPEG', () => scene(40, 30).withIccProfile('p3').jpeg().toBuffer()],
    ['an AVIF', () => scene(40, 30).avif({ quality: 90 }).toBuffer()],
    ['a GIF', () => scene(40, 30).gif().toBuffer()],
  ])('%s comes out as 8-bit sRGB', async (_, make) => {
    const metadata = await sharp(await render(await make(), 'full/max/0/default.jpg')).metadata();
    expect(metadata).toMatchObject({ space: 'srgb', depth: 'uchar', channels: 3, hasProfile: false });
  });

  it('an 8-bit gray image stays gray', async () => {
    const image = await scene(40, 30).greyscale().toColourspace('b-w').png().toBuffer();
    expect((await sharp(await render(image, 'full/max/0/default.jpg')).metadata()).channels).toBe(1);
  });
});

describe('the renderer', () => {
  it('writes large pictures to the file that it is offered', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'renderer-'));
    const file = join(directory, 'picture.tmp');
    const image = await scene(60, 40).png().toBuffer();
    const info = await infoOf(image);
    const request = parseImageRequest(3, { region: 'full', size: 'max', rotation: '0', file: 'default.jpg' });
    const operations = resolveOperations(request, info, limits);
    const small = createRenderer({ limits, fileThreshold: 2399 });
    const large = createRenderer({ limits, fileThreshold: 2400 });
    const rendered = await small.render({ input: image, info, operations }, { signal, file });
    expect(rendered).toEqual({ body: { file }, contentType: 'image/jpeg' });
    expect((await sharp(await readFile(file)).metadata()).width).toBe(60);
    expect(Buffer.isBuffer((await large.render({ input: image, info, operations }, { signal, file })).body)).toBe(true);
    const nowhere = join(directory, 'gone', 'picture.tmp');
    const retried = await small.render({ input: image, info, operations }, { signal, file: nowhere });
    expect(Buffer.isBuffer(retried.body)).toBe(true);
    await rm(directory, { recursive: true });
  });

  it('does not begin when nobody waits any more', async () => {
    const image = await scene(60, 40).png().toBuffer();
    const info = await infoOf(image);
    const request = parseImageRequest(3, { region: 'full', size: 'max', rotation: '0', file: 'default.jpg' });
    const operations = resolveOperations(request, info, limits);
    const render = renderer.render(
      { input: image, info, operations },
      { signal: AbortSignal.abort(new Error('gone')) },
    );
    await expect(render).rejects.toThrow('gone');
  });

  it('names the settings that a picture depends on', () => {
    expect(renderer.recipe('jpg')).toBe('v1,chromaSubsampling=4:2:0,progressive=false,quality=80');
    expect(createRenderer({ encoder: { jpg: { quality: 60 } } }).recipe('jpg')).toContain('quality=60');
    expect(createRenderer({ encoder: { jpg: { quality: 60 } } }).recipe('png')).toBe(renderer.recipe('png'));
  });

  it.each([
    [{ jpg: { quality: 0 } }, 'encoder.jpg.quality'],
    [{ jpg: { quality: 101 } }, 'encoder.jpg.quality'],
    [{ webp: { effort: 7 } }, 'encoder.webp.effort'],
    [{ png: { compressionLevel: 1.5 } }, 'encoder.png.compressionLevel'],
    [{ gif: { effort: 0 } }, 'encoder.gif.effort'],
  ])('refuses the setting %j', (encoder, name) => {
    expect(() => createRenderer({ encoder })).toThrow(name);
  });

  it.each(['jpeg', 'png', 'webp', 'tiff', 'gif'] as const)(
    'tells that a truncated %s cannot be decoded',
    async (format) => {
      const whole = await scene(400, 300).toFormat(format).toBuffer();
      const info = await infoOf(whole);
      const part = whole.subarray(0, Math.floor(whole.length * 0.6));
      const rendered = render(part, 'full/200,/0/default.jpg', info);
      await expect(rendered).rejects.toMatchObject({ code: 'E_IIIF_SOURCE_UNDECODABLE', status: 422 });
      await expect(rendered).rejects.toMatchObject({ reason: expect.not.stringContaining('\n') });
    },
  );

  it('gives up after the time limit', async () => {
    const slow = createRenderer({ limits: createLimits({ timeout: '1s' }), encoder: { png: { compressionLevel: 9 } } });
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    const create = { width: 3000, height: 3000, channels: 3, background: '#888', noise } as const;
    const image = await sharp({ create }).png({ compressionLevel: 0 }).toBuffer();
    const info = await infoOf(image);
    const request = parseImageRequest(3, { region: 'full', size: 'max', rotation: '33', file: 'default.png' });
    const operations = resolveOperations(request, info, limits);
    const rendered = slow.render({ input: image, info, operations }, { signal });
    await expect(rendered).rejects.toMatchObject({ code: 'E_IIIF_RENDER_TIMEOUT', status: 503 });
  });

  it('reads a file anew that was overwritten in place', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'renderer-'));
    const file = join(directory, 'image.tif');
    for (const background of ['#f00', '#00f']) {
      const options = { tile: true, pyramid: true, compression: 'jpeg' } as const;
      const create = { width: 300, height: 200, channels: 3, background } as const;
      await sharp({ create }).tiff(options).toFile(file);
      const info = await readImageInfo({ file }, { identifier: 'test', limits });
      const request = parseImageRequest(3, { region: 'full', size: '30,', rotation: '0', file: 'default.png' });
      const operations = resolveOperations(request, info, limits);
      const { body } = await renderer.render({ input: { file }, info, operations }, { signal });
      const { data } = await decode(body as Buffer);
      expect((data[0] ?? 0) > 200).toBe(background === '#f00');
    }
    await rm(directory, { recursive: true });
  });
});
