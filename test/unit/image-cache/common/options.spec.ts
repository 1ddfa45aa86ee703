import { describe, expect, it } from '@jest/globals';
import { parseInteger, refuseUnknownKeys } from '../../../../libs/image-cache/src/common/options.js';

const failure = (message: string): unknown =>
  expect.objectContaining({ code: 'E_IMAGE_CACHE_OPTIONS', message: expect.stringContaining(message) });

describe('refuseUnknownKeys', () => {
  it('lets the keys pass that there are', () => {
    expect(() => {
      refuseUnknownKeys({ a: 1 }, ['a', 'b'], 'options');
    }).not.toThrow();
  });

  it('names the full path of a key that there is not, and those that there are', () => {
    expect(() => {
      refuseUnknownKeys({ a: 1, c: 2 }, ['a', 'b'], 'imageCache.variant');
    }).toThrow(failure('imageCache.variant.c: there is no such option; there are a, b.'));
  });

  it.each([null, 5, 'text', true, [], () => undefined])('refuses %p, which has no keys', (value) => {
    expect(() => {
      refuseUnknownKeys(value, ['a'], 'imageCache.variant');
    }).toThrow(failure('imageCache.variant: '));
  });
});

describe('parseInteger', () => {
  it('gives back a whole number within the bounds', () => {
    expect([1, 5, 10].map((value) => parseInteger(value, 'x', { min: 1, max: 10 }))).toEqual([1, 5, 10]);
  });

  it.each([0, 11, 1.5, NaN, '5', null, undefined, Infinity])('refuses %p by its path', (value) => {
    expect(() => parseInteger(value, 'render.queue', { min: 1, max: 10 })).toThrow(failure('render.queue: '));
  });
});
