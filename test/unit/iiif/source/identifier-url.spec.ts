import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { urlOf } from '../../../../libs/iiif/src/source/http/identifier-url.js';

const PREFIX = 'https://images.example.org/originals/';

describe('the address of an original', () => {
  it.each([
    ['a.tif', 'a.tif'],
    ['maps/paris.tif', 'maps/paris.tif'],
    ['a b.tif', 'a%20b.tif'],
    ['a?b=c&d#e', 'a%3Fb%3Dc%26d%23e'],
    ['%2e%2e/a', '%252e%252e/a'],
    ['ä.tif', '%C3%A4.tif'],
    ["a'(b)!*", 'a%27%28b%29%21%2A'],
    ['a;b:c@d', 'a%3Bb%3Ac%40d'],
    ['...', '...'],
  ])('of %s is %s', (identifier, path) => {
    expect(urlOf(PREFIX, identifier).href).toBe(PREFIX + path);
  });

  it.each([
    '',
    '/',
    '/etc/passwd',
    '..',
    '../a',
    'a/../b',
    'a//b',
    'a\\b',
    'a\u0000b',
    'a\r\nb',
    'http://evil.example/',
    '\ud800',
  ])('is none of %j', (identifier) => {
    expect(() => urlOf(PREFIX, identifier)).toThrow('The identifier');
  });

  it('stays below the prefix, has neither query nor fragment, and tells the identifier', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (identifier) => {
        let url: URL;
        try {
          url = urlOf(PREFIX, identifier);
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_IIIF_BAD_IDENTIFIER' });
          return;
        }
        expect(url.href.startsWith(PREFIX)).toBe(true);
        expect([url.search, url.hash, url.host]).toEqual(['', '', 'images.example.org']);
        expect(decodeURIComponent(url.href.slice(PREFIX.length))).toBe(identifier);
      }),
    );
  });
});
