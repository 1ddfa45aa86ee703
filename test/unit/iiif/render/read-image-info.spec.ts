import { describe, expect, it } from '@jest/globals';
import { createLimits, readImageInfo } from 'nestjs-iiif';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { findPyramid } from '../../../../libs/iiif/src/render/pyramid.js';
import { readTiffDirectories } from '../../../../libs/iiif/src/render/tiff-directories.js';
import { scene } from '../support/pictures.js';
import { sketchTiff, toSubifdPyramid, type SketchedDirectory } from '../support/tiff.js';

const limits = createLimits({ maxPixels: 1_000_000 });
const read = (input: Buffer) => readImageInfo(input, { identifier: 'maps/paris.tif', limits });

const pyramidal = { tile: true, tileWidth: 128, tileHeight: 256, pyramid: true, compression: 'jpeg' } as const;

describe('the info', () => {
  it('of a JPEG tells what a renderer needs', async () => {
    const image = await scene(300, 200).withMetadata({ orientation: 6, density: 300 }).jpeg().toBuffer();
    expect(await read(image)).toEqual({
      identifier: 'maps/paris.tif',
      width: 200,
      height: 300,
      format: 'jpeg',
      componentDepth: 8,
      channels: 3,
      hasAlpha: false,
      colourSpace: 'srgb',
      icc: true,
      orientation: 6,
      pyramid: [{ width: 300, height: 200, location: { page: 0 } }],
      pages: 1,
      metadata: { density: 300 },
    });
  });

  it('of a pyramidal TIFF names the pages of the levels and the tile size', async () => {
    const info = await read(await scene(900, 600).tiff(pyramidal).toBuffer());
    expect(info.tileSize).toEqual({ width: 128, height: 256 });
    expect(info.pyramid).toEqual([
      { width: 900, height: 600, location: { page: 0 } },
      { width: 450, height: 300, location: { page: 1 } },
      { width: 225, height: 150, location: { page: 2 } },
      { width: 112, height: 75, location: { page: 3 } },
    ]);
  });

  it('of a TIFF with levels in SubIFDs names these', async () => {
    const info = await read(toSubifdPyramid(await scene(900, 600).tiff(pyramidal).toBuffer()));
    expect(info.pages).toBe(1);
    expect(info.pyramid.map(({ location }) => location)).toEqual([
      { page: 0 },
      { subifd: 0 },
      { subifd: 1 },
      { subifd: 2 },
    ]);
  });

  it('of a BigTIFF is the same', async () => {
    const options = { ...pyramidal, bigtiff: true };
    const [big, classic] = await Promise.all([
      scene(900, 600).tiff(options).toBuffer().then(read),
      scene(900, 600).tiff(pyramidal).toBuffer().then(read),
    ]);
    expect(big).toEqual(classic);
  });

  it('is read from a file as from memory', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'info-'));
    const image = await scene(300, 200).tiff(pyramidal).toBuffer();
    // The name says something else than the content.
    await writeFile(join(directory, 'image.png'), image);
    const info = await readImageInfo({ file: join(directory, 'image.png') }, { identifier: 'maps/paris.tif', limits });
    expect(info).toEqual(await read(image));
    await rm(directory, { recursive: true });
  });

  it.each([
    ['png', () => scene(30, 20).png().toBuffer(), { format: 'png', channels: 3 }],
    ['png with alpha', () => scene(30, 20).ensureAlpha(0.5).png().toBuffer(), { channels: 4, hasAlpha: true }],
    ['16-bit png', () => scene(30, 20).toColourspace('rgb16').png().toBuffer(), { componentDepth: 16 }],
    ['gray png', () => scene(30, 20).toColourspace('b-w').png().toBuffer(), { channels: 1, colourSpace: 'b-w' }],
    ['webp', () => scene(30, 20).webp().toBuffer(), { format: 'webp' }],
    ['tiff', () => scene(30, 20).tiff().toBuffer(), { format: 'tiff' }],
    ['gif', () => scene(30, 20).gif().toBuffer(), { format: 'gif' }],
    ['avif', () => scene(30, 20).avif({ effort: 0 }).toBuffer(), { format: 'avif' }],
    ['cmyk jpeg', () => scene(30, 20).toColourspace('cmyk').jpeg().toBuffer(), { colourSpace: 'cmyk', channels: 4 }],
  ])('of a %s is right', async (_, make, expected) => {
    expect(await read(await make())).toMatchObject({ width: 30, height: 20, ...expected });
  });
});

describe('what is not an image that is accepted', () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><image href="file:///etc/passwd"/></svg>';

  it.each([
    ['SVG', svg],
    ['SVG with a declaration', `<?xml version="1.0"?>${svg}`],
    ['SVG after a byte order mark', `\ufeff${svg}`],
    ['HTML', '<!doctype html><script>alert(1)</script>'],
    ['PDF', '%PDF-1.7\n1 0 obj'],
    ['PostScript', '%!PS-Adobe-3.0'],
    ['text', 'hello'],
    ['nothing', ''],
    ['zeros', '\0'.repeat(100)],
    ['ZIP', 'PK\u0003\u0004'],
    ['PNM', 'P6 1 1 255 aaa'],
    ['a RIFF that is no WebP', 'RIFF\0\0\0\0WAVEfmt '],
    ['a video', '\0\0\0\u0018ftypmp42\0\0\0\0mp42isom'],
    ['Radiance HDR', '#?RADIANCE\n'],
    ['a vips image', '\u0008\u00f2\u00a6\u00b6'],
  ])('is refused: %s', async (_, content) => {
    await expect(read(Buffer.from(content, 'utf8'))).rejects.toMatchObject({
      code: 'E_IIIF_SOURCE_UNSUPPORTED',
      status: 415,
    });
  });

  it.each([
    ['JPEG', '\xff\xd8\xff\xe0'],
    ['PNG', '\x89PNG\r\n\x1a\n'],
    ['GIF', 'GIF89a'],
    ['TIFF', 'II*\0'],
    ['BigTIFF', 'MM\0+'],
    ['WebP', 'RIFF\0\0\0\0WEBP'],
    ['AVIF', '\0\0\0\x18ftypavif'],
  ])('cannot be decoded when it only begins as a %s', async (_, signature) => {
    for (const rest of ['', '\0'.repeat(200), '<svg/>'.repeat(40), '\xff'.repeat(200)]) {
      const broken = read(Buffer.from(signature + rest, 'latin1'));
      await expect(broken).rejects.toMatchObject({ code: 'E_IIIF_SOURCE_UNDECODABLE', status: 422 });
      await expect(broken).rejects.toMatchObject({ reason: expect.not.stringContaining('\n') });
    }
  });

  it.each(['jpeg', 'png', 'webp', 'tiff', 'gif'] as const)(
    'is refused when a %s has too many pixels',
    async (format) => {
      const image = await sharp({ create: { width: 1001, height: 1000, channels: 3, background: '#000' } })
        .toFormat(format)
        .toBuffer();
      await expect(read(image)).rejects.toMatchObject({ code: 'E_IIIF_SOURCE_TOO_LARGE', status: 413 });
    },
  );

  it('is refused when it has too many bytes', async () => {
    const image = await scene(30, 20).png().toBuffer();
    const atMost = (maxBytes: number) => ({ identifier: 'test', limits: createLimits({ maxBytes }) });
    const refused = readImageInfo(image, atMost(image.length - 1));
    await expect(refused).rejects.toMatchObject({ code: 'E_IIIF_SOURCE_TOO_LARGE', status: 413 });
    expect(await readImageInfo(image, atMost(image.length))).toMatchObject({ width: 30 });
  });

  it('is gone', async () => {
    const gone = readImageInfo({ file: '/nonexistent/image.jpg' }, { identifier: 'gone', limits });
    await expect(gone).rejects.toMatchObject({ code: 'E_IIIF_NOT_FOUND', status: 404 });
    await expect(gone).rejects.toMatchObject({ reason: expect.not.stringContaining('/nonexistent') });
  });
});

describe('a pyramid', () => {
  const levelsOf = async (directories: SketchedDirectory[], options?: { bigEndian: boolean }) => {
    const file = sketchTiff(directories, options);
    const structure = await readTiffDirectories((offset, length) =>
      Promise.resolve(file.subarray(offset, offset + length)),
    );
    return findPyramid(structure)?.levels.map(({ width }) => width);
  };
  const full = { width: 1000, height: 700 };

  it.each<[string, SketchedDirectory[], number[]]>([
    ['of halves', [full, { width: 500, height: 350 }, { width: 250, height: 175 }], [1000, 500, 250]],
    [
      'of halves rounded up',
      [
        { width: 1001, height: 701 },
        { width: 501, height: 351 },
      ],
      [1001, 501],
    ],
    ['of thirds that are declared', [full, { width: 333, height: 233, subfileType: 1 }], [1000, 333]],
    ['with a mask in between', [full, { ...full, subfileType: 4 }, { width: 500, height: 350 }], [1000, 500]],
  ])('%s is found', async (_, directories, expected) => {
    expect(await levelsOf(directories)).toEqual(expected);
    expect(await levelsOf(directories, { bigEndian: true })).toEqual(expected);
  });

  it.each<[string, SketchedDirectory[]]>([
    ['equal pages', [full, full, full]],
    [
      'pages that are declared as such',
      [
        { ...full, subfileType: 2 },
        { width: 500, height: 350, subfileType: 2 },
      ],
    ],
    ['pages of other proportions', [full, { width: 500, height: 400 }, { width: 350, height: 500 }]],
    ['pages of some smaller size', [full, { width: 900, height: 630 }]],
    ['a thumbnail of other proportions', [full, { width: 160, height: 120, subfileType: 1 }]],
    ['a larger page', [full, { width: 2000, height: 1400 }]],
    ['a mask of half the size', [full, { width: 500, height: 350, subfileType: 5 }]],
    ['a gray page of half the size', [full, { width: 500, height: 350, samplesPerPixel: 1 }]],
    ['a first page that is half of the second', [{ width: 500, height: 350 }, full]],
  ])('is not seen in %s', async (_, directories) => {
    expect(await levelsOf(directories)).toHaveLength(1);
  });

  it('with circles or broken offsets ends the reading', async () => {
    const circular = sketchTiff([full, { width: 500, height: 350 }]);
    circular.writeUInt32LE(16, circular.length - 4);
    const beyond = sketchTiff([full]);
    beyond.writeUInt32LE(0xfffffff0, beyond.length - 4);
    const nowhere = sketchTiff([full]);
    nowhere.writeUInt32LE(0xffffffff, 4);
    const pages = [];
    for (const file of [circular, beyond, nowhere, Buffer.alloc(0), Buffer.from('II*\0')]) {
      const structure = await readTiffDirectories((offset, length) =>
        Promise.resolve(file.subarray(offset, offset + length)),
      );
      pages.push(structure.pages.length);
    }
    expect(pages).toEqual([2, 1, 0, 0, 0]);
  });

  it('in any damaged file never makes reading fail', async () => {
    const image = await scene(300, 200).tiff(pyramidal).toBuffer();
    let seed = 1;
    for (let round = 0; round < 300; round++) {
      const damaged = Buffer.from(image);
      for (let hit = 0; hit < 20; hit++) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        damaged[round % 2 === 0 ? seed % damaged.length : damaged.length - 1 - (seed % 1500)] = seed % 256;
      }
      const structure = await readTiffDirectories((offset, length) =>
        Promise.resolve(damaged.subarray(offset, offset + length)),
      );
      expect(structure.pages.length).toBeLessThanOrEqual(32);
    }
  });
});
