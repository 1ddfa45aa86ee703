import { describe, expect, it } from '@jest/globals';
import { IiifError, parseImageRequest, type ApiVersion, type ImageRequestSegments } from 'nestjs-iiif';

const valid: ImageRequestSegments = { region: 'full', size: 'max', rotation: '0', file: 'default.jpg' };

function parse(version: ApiVersion, changes: Partial<ImageRequestSegments>) {
  return parseImageRequest(version, { ...valid, ...changes });
}

function refusal(version: ApiVersion, changes: Partial<ImageRequestSegments>): IiifError {
  try {
    parse(version, changes);
  } catch (error) {
    if (error instanceof IiifError) return error;
  }
  throw new Error(`accepted ${JSON.stringify(changes)}`);
}

describe('the region', () => {
  it.each([
    ['full', { kind: 'full' }],
    ['square', { kind: 'square' }],
    ['0,0,1,1', { kind: 'pixels', x: 0, y: 0, width: 1, height: 1 }],
    ['125,15,120,140', { kind: 'pixels', x: 125, y: 15, width: 120, height: 140 }],
    ['9999999999,0,9999999999,1', { kind: 'pixels', x: 9999999999, y: 0, width: 9999999999, height: 1 }],
    ['pct:41.6,7.5,40,70', { kind: 'percent', x: 41.6, y: 7.5, width: 40, height: 70 }],
    ['pct:.5,0,0.0000000001,100', { kind: 'percent', x: 0.5, y: 0, width: 1e-10, height: 100 }],
  ])('%s is read', (region, expected) => {
    expect(parse(3, { region }).region).toEqual(expected);
    expect(parse(2, { region }).region).toEqual(expected);
  });

  const wrong = [
    '',
    ' ',
    'FULL',
    'Full',
    'full ',
    ' full',
    'full\n',
    'full\0',
    'full,',
    'max',
    'squared',
    'square:',
    'all',
    '0,0,0,10',
    '0,0,10,0',
    '0,0,0,0',
    'pct:0,0,0,10',
    'pct:0,0,10,0.0',
    '-1,0,10,10',
    '0,-1,10,10',
    '0,0,-10,10',
    '1,2,3',
    '1,2,3,4,5',
    '1,2,3,',
    ',1,2,3',
    '1,,2,3',
    ',,,',
    '1;2;3;4',
    '1 2 3 4',
    '1, 2, 3, 4',
    '1,2,3,4 ',
    '1.5,0,10,10',
    '1e3,0,10,10',
    '0x10,0,10,10',
    '+1,0,10,10',
    '1_000,0,10,10',
    '١,٢,٣,٤',
    '１,２,３,４',
    '1,2,3,4\n',
    '10000000000,0,1,1',
    '0,0,1,99999999999999999999',
    'NaN,0,1,1',
    'Infinity,0,1,1',
    'pct:NaN,0,1,1',
    'pct:1e2,0,1,1',
    'pct:',
    'pct:1,2,3',
    'pct:1,2,3,4,5',
    'pct:1.,0,1,1',
    'pct:.,0,1,1',
    'pct:1..2,0,1,1',
    'pct:-1,0,1,1',
    'pct:+1,0,1,1',
    'PCT:0,0,10,10',
    'pct: 0,0,10,10',
    'pct0,0,10,10',
    'pct:0,0,10%,10',
    'pct:0.12345678901,0,1,1',
    '%31,0,1,1',
    '../0,0,1,1',
    '0,0,1,1/..',
    '<svg>',
    "1' OR 1=1",
    '${7*7}',
    '1​,0,1,1',
    '1\xA0,0,1,1',
    '﻿1,0,1,1',
  ];

  it.each(wrong)('%j is refused', (region) => {
    for (const version of [2, 3] as const) {
      expect(refusal(version, { region })).toMatchObject({ code: 'E_IIIF_BAD_REGION', status: 400 });
    }
  });
});

describe('the size', () => {
  it.each([
    ['max', { kind: 'max' }],
    ['150,', { kind: 'width', width: 150 }],
    [',150', { kind: 'height', height: 150 }],
    ['pct:50', { kind: 'percent', percent: 50 }],
    ['pct:12.5', { kind: 'percent', percent: 12.5 }],
    ['225,100', { kind: 'exact', width: 225, height: 100 }],
    ['!225,100', { kind: 'confined', width: 225, height: 100 }],
  ])('%s is read in both versions, and with ^ in version 3', (size, expected) => {
    expect(parse(3, { size }).size).toEqual({ ...expected, upscale: false });
    expect(parse(3, { size: `^${size}` }).size).toEqual({ ...expected, upscale: true });
    expect(parse(2, { size }).size).toEqual({ ...expected, upscale: true });
    expect(refusal(2, { size: `^${size}` })).toMatchObject({ code: 'E_IIIF_BAD_SIZE', status: 400 });
  });

  it('full is of version 2 only', () => {
    expect(parse(2, { size: 'full' }).size).toEqual({ kind: 'full', upscale: true });
    expect(refusal(3, { size: 'full' }).status).toBe(400);
    expect(refusal(3, { size: '^full' }).status).toBe(400);
  });

  const wrong = [
    '',
    ' ',
    ',',
    '!',
    '!,',
    '^',
    '^^max',
    '^!',
    '!^10,10',
    'MAX',
    'max ',
    'max\n',
    'original',
    '10',
    '!10',
    '!10,',
    '!,10',
    '0,',
    ',0',
    '0,0',
    '10,0',
    '0,10',
    '!0,10',
    '!10,0',
    'pct:0',
    'pct:0.000',
    '-10,',
    ',-10',
    '10,-10',
    'pct:-50',
    '10,10,10',
    '10,10,',
    ',10,',
    '10;10',
    '10x10',
    '10 ,10',
    ' 10,10',
    '10,10 ',
    '1.5,',
    ',1.5',
    '1e2,',
    '0x64,',
    '+10,',
    'pct:',
    'pct:50%',
    'pct:5e1',
    'pct:Infinity',
    'pct:NaN',
    'pct:50,50',
    'pct: 50',
    'pct:.',
    'pct:50.',
    'PCT:50',
    'pct:!50',
    '99999999999,',
    ',99999999999',
    'pct:99999999999',
    '10,\0',
    '10\0,',
    '１０,',
    '10,10/../..',
    '%5emax',
    '…,',
    '١٠,',
  ];

  it.each(wrong)('%j is refused', (size) => {
    for (const version of [2, 3] as const) {
      expect(refusal(version, { size })).toMatchObject({ code: 'E_IIIF_BAD_SIZE', status: 400 });
    }
  });
});

describe('the rotation', () => {
  it.each([
    ['0', false, 0],
    ['90', false, 90],
    ['360', false, 360],
    ['22.5', false, 22.5],
    ['.5', false, 0.5],
    ['!0', true, 0],
    ['!180', true, 180],
    ['!359.9999999999', true, 359.9999999999],
  ])('%s is read', (rotation, mirror, degrees) => {
    expect(parse(3, { rotation }).rotation).toEqual({ mirror, degrees });
    expect(parse(2, { rotation }).rotation).toEqual({ mirror, degrees });
  });

  const wrong = [
    '',
    ' ',
    '!',
    '!!90',
    '90!',
    '-90',
    '+90',
    '361',
    '360.0000000001',
    '400',
    '1e2',
    '0x5a',
    '90°',
    '90.',
    '.',
    '9 0',
    '90 ',
    ' 90',
    '90\n',
    '90\0',
    'NaN',
    'Infinity',
    '90,',
    '９０',
    '99999999999',
    '0.00000000001',
    '%2190',
    '!-90',
    'left',
  ];

  it.each(wrong)('%j is refused', (rotation) => {
    for (const version of [2, 3] as const) {
      expect(refusal(version, { rotation })).toMatchObject({ code: 'E_IIIF_BAD_ROTATION', status: 400 });
    }
  });
});

describe('quality and format', () => {
  it.each(['default', 'color', 'gray', 'bitonal'])('%s is a quality', (quality) => {
    expect(parse(3, { file: `${quality}.jpg` }).quality).toBe(quality);
  });

  it.each(['jpg', 'png', 'webp', 'tif', 'gif'])('%s is a format', (format) => {
    expect(parse(2, { file: `default.${format}` }).format).toBe(format);
  });

  it.each([
    '.jpg',
    'native.jpg',
    'grey.jpg',
    'Default.jpg',
    'default .jpg',
    ' default.jpg',
    'colour.png',
    'constructor.jpg',
    '__proto__.jpg',
    'toString.jpg',
    '../default.jpg',
    'default\0.jpg',
  ])('the quality of %j is refused', (file) => {
    expect(refusal(3, { file })).toMatchObject({ code: 'E_IIIF_BAD_QUALITY', status: 400 });
  });

  it.each([
    'default.',
    'default.jpeg',
    'default.JPG',
    'default.jp2',
    'default.pdf',
    'default.svg',
    'default.html',
    'default.tiff',
    'default.jpg ',
    'default.jpg\n',
    'default.jpg\0',
    'default..jpg',
    'default.jpg.',
    'default.jpg.png',
    'default.jpg/..',
    'default.constructor',
    'default.avif',
    'default.%6apg',
    'default.jpg?x=1',
    'default.jpg#',
  ])('the format of %j is refused, naming those that there are', (file) => {
    const error = refusal(3, { file });
    expect(error).toMatchObject({ code: 'E_IIIF_BAD_FORMAT', status: 400 });
    expect(error.reason).toContain('jpg, png, webp, tif, gif');
  });

  it.each(['', 'default', 'jpg', 'info'])('%j is refused', (file) => {
    expect(refusal(3, { file })).toMatchObject({ code: 'E_IIIF_BAD_REQUEST', status: 400 });
  });
});

describe('hostile segments', () => {
  it.each(['region', 'size', 'rotation', 'file'])('a %s of a megabyte is refused at once', (name) => {
    for (const filler of ['9', ',', '.', '!', '^', ' ', 'pct:', '0.', '\u{1f600}']) {
      const started = performance.now();
      expect(refusal(3, { [name]: filler.repeat(1_000_000) })).toMatchObject({ status: 400 });
      // What goes through a megabyte again for each of its characters takes minutes.
      expect(performance.now() - started).toBeLessThan(20_000);
    }
  });

  it('the reason is one line and does not repeat what was sent', () => {
    const error = refusal(3, { region: '<script>\nalert(1)</script>' });
    expect(error.reason).not.toMatch(/script|\n/);
  });
});
