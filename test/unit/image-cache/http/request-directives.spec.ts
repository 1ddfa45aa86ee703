import { describe, expect, it } from '@jest/globals';
import {
  parseRequestDirectives,
  type RequestDirectives,
} from '../../../../libs/image-cache/src/http/request-directives.js';

describe('parseRequestDirectives', () => {
  it.each<[string | undefined, string | undefined, RequestDirectives]>([
    [undefined, undefined, {}],
    ['', undefined, {}],
    ['no-cache', undefined, { maxAge: 0 }],
    ['No-Cache', undefined, { maxAge: 0 }],
    ['max-age=60', undefined, { maxAge: 60_000 }],
    ['max-age="60"', undefined, { maxAge: 60_000 }],
    ['max-age=0, no-store', undefined, { maxAge: 0, noStore: true }],
    ['no-cache, max-age=60', undefined, { maxAge: 0 }],
    [' only-if-cached , max-stale', undefined, { onlyIfCached: true }],
    ['max-age', undefined, {}],
    ['max-age=-1', undefined, {}],
    ['max-age=soon', undefined, {}],
    ['no-cache-please', undefined, {}],
    [undefined, 'no-cache', { maxAge: 0 }],
    ['max-age=60', 'no-cache', { maxAge: 60_000 }],
  ])('reads %j with Pragma %j as %j', (cacheControl, pragma, expected) => {
    expect(parseRequestDirectives(cacheControl, pragma)).toEqual(expected);
  });
});
