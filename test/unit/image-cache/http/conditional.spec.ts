import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  formatHttpDate,
  isNotModified,
  isPreconditionFailed,
  isSameBody,
  type ConditionalHeaders,
} from 'nestjs-image-cache';

/** Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110. */
const EXAMPLE = 784_111_777_000;

describe('isNotModified', () => {
  const answer = { digest: 'abc', lastModified: EXAMPLE + 500 };

  it.each<[boolean, Parameters<typeof isNotModified>[0]]>([
    [false, {}],
    [true, { ifNoneMatch: '"abc"' }],
    [true, { ifNoneMatch: 'W/"abc"' }],
    [true, { ifNoneMatch: '"x", "abc"' }],
    [true, { ifNoneMatch: '*' }],
    [true, { ifNoneMatch: ' * ' }],
    [false, { ifNoneMatch: '"x"' }],
    [false, { ifNoneMatch: 'abc' }],
    [false, { ifNoneMatch: '"ABC"' }],
    [true, { ifModifiedSince: 'Sun, 06 Nov 1994 08:49:37 GMT' }],
    [true, { ifModifiedSince: 'Sunday, 06-Nov-94 08:49:37 GMT' }],
    [true, { ifModifiedSince: 'Sun, 06 Nov 1994 08:49:38 GMT' }],
    [false, { ifModifiedSince: 'Sun, 06 Nov 1994 08:49:36 GMT' }],
    [false, { ifModifiedSince: 'nonsense' }],
    [false, { ifNoneMatch: '"x"', ifModifiedSince: 'Sun, 06 Nov 1994 08:49:38 GMT' }],
    [true, { ifNoneMatch: '"abc"', ifModifiedSince: 'Sun, 06 Nov 1994 08:49:36 GMT' }],
  ])('is %p for %j', (expected, request) => {
    expect(isNotModified(request, answer)).toBe(expected);
  });

  it('is false for what is not known of the answer', () => {
    expect(isNotModified({ ifNoneMatch: '"abc"' }, {})).toBe(false);
    expect(isNotModified({ ifNoneMatch: '""' }, {})).toBe(false);
    expect(isNotModified({ ifModifiedSince: formatHttpDate(EXAMPLE) }, {})).toBe(false);
  });

  it('is true for the date that an answer was sent with, and false for any earlier one', () => {
    fc.assert(
      fc.property(fc.nat(4_000_000_000_000), fc.integer({ min: 1000, max: 1e9 }), (lastModified, earlier) => {
        expect(isNotModified({ ifModifiedSince: formatHttpDate(lastModified) }, { lastModified })).toBe(true);
        fc.pre(lastModified >= earlier);
        expect(isNotModified({ ifModifiedSince: formatHttpDate(lastModified - earlier) }, { lastModified })).toBe(
          false,
        );
      }),
    );
  });
});

describe('isPreconditionFailed', () => {
  const answer = { digest: 'abc', lastModified: EXAMPLE + 500 };

  it.each<[boolean, ConditionalHeaders]>([
    [false, {}],
    [false, { ifMatch: '"abc"' }],
    [false, { ifMatch: '"x", "abc"' }],
    [false, { ifMatch: ' * ' }],
    [true, { ifMatch: '"x"' }],
    [true, { ifMatch: 'W/"abc"' }],
    [true, { ifMatch: 'abc' }],
    [true, { ifMatch: '' }],
    [false, { ifUnmodifiedSince: formatHttpDate(EXAMPLE) }],
    [false, { ifUnmodifiedSince: formatHttpDate(EXAMPLE + 1000) }],
    [true, { ifUnmodifiedSince: formatHttpDate(EXAMPLE - 1000) }],
    [false, { ifUnmodifiedSince: 'nonsense' }],
    [false, { ifMatch: '"abc"', ifUnmodifiedSince: formatHttpDate(EXAMPLE - 1000) }],
    [true, { ifMatch: '"x"', ifUnmodifiedSince: formatHttpDate(EXAMPLE + 1000) }],
  ])('is %p for %j', (expected, request) => {
    expect(isPreconditionFailed(request, answer)).toBe(expected);
  });

  it('is true for a tag of an answer whose digest is not known', () => {
    expect(isPreconditionFailed({ ifMatch: '""' }, {})).toBe(true);
    expect(isPreconditionFailed({ ifMatch: '*' }, {})).toBe(false);
    expect(isPreconditionFailed({ ifUnmodifiedSince: formatHttpDate(EXAMPLE) }, {})).toBe(false);
  });
});

describe('isSameBody', () => {
  it.each<[boolean, string]>([
    [true, '"abc"'],
    [false, 'W/"abc"'],
    [false, '"x"'],
    [false, 'abc'],
    [false, formatHttpDate(EXAMPLE)],
  ])('is %p for %j', (expected, ifRange) => {
    expect(isSameBody(ifRange, { digest: 'abc', lastModified: EXAMPLE })).toBe(expected);
  });

  it('is false while the digest is not known', () => {
    expect(isSameBody('""', {})).toBe(false);
  });
});
