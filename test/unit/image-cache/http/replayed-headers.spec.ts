import { describe, expect, it } from '@jest/globals';
import { allReplayed, parseReplayHeaders } from '../../../../libs/image-cache/src/http/replayed-headers.js';

describe('response headers to be replayed', () => {
  it('are meant whatever their case', () => {
    expect(parseReplayHeaders(['X-Credit', 'cache-tag', 'LINK'], 'x')).toEqual(['x-credit', 'cache-tag', 'link']);
    expect(allReplayed(['X-Credit'])).toEqual(['content-disposition', 'content-language', 'link', 'x-credit']);
  });

  it.each([
    ['Set-Cookie', /one client alone/],
    ['SET-COOKIE2', /one client alone/],
    ['Clear-Site-Data', /one client alone/],
    ['WWW-Authenticate', /one client alone/],
    ['Authentication-Info', /one client alone/],
    ['Connection', /one connection/],
    ['Keep-Alive', /one connection/],
    ['TE', /one connection/],
    ['Trailer', /one connection/],
    ['Transfer-Encoding', /one connection/],
    ['Upgrade', /one connection/],
    ['Access-Control-Allow-Origin', /CORS/],
    ['Cache-Control', /the cache itself/],
    ['Cache-Status', /the cache itself/],
    ['Expires', /the cache itself/],
    ['Pragma', /the cache itself/],
    ['ETag', /the cache itself/],
    ['Last-Modified', /the cache itself/],
    ['Age', /the cache itself/],
    ['Date', /the cache itself/],
    ['Vary', /the cache itself/],
    ['Retry-After', /the cache itself/],
    ['Content-Type', /the cache itself/],
    ['Content-Length', /the cache itself/],
    ['Content-Range', /the cache itself/],
    ['Content-Encoding', /the cache itself/],
    ['', /no name of a header/],
    ['X Credit', /no name of a header/],
    ['X-Credit:', /no name of a header/],
    ['X-Credit\r\nSet-Cookie', /no name of a header/],
    [5, /no name of a header/],
  ])('cannot be %j', (name, reason) => {
    const check = (): unknown => parseReplayHeaders(['X-Credit', name], 'imageCache.replayHeaders');
    expect(check).toThrow(/^imageCache\.replayHeaders\[1\]: /);
    expect(check).toThrow(reason);
  });

  it.each(['X-Credit', { 'X-Credit': true }, null])('are a list, not %j', (value) => {
    expect(() => parseReplayHeaders(value, 'x')).toThrow(/^x: has to be a list of header names/);
  });
});
