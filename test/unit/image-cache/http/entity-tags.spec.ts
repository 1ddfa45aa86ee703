import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatEtag, isNotModified, parseEtags, parseStrongEtags } from 'nestjs-image-cache';

const digests = fc.base64String({ minLength: 4, maxLength: 20 }).map((text) => text.replace(/[+/=]/g, '_'));

describe('entity tags', () => {
  it('are read from a list, weak ones and odd spaces included', () => {
    expect(parseEtags('"a", W/"b" ,"c"')).toEqual(['a', 'b', 'c']);
    expect(parseEtags('"x,y", ""')).toEqual(['x,y', '']);
    expect(parseEtags('unquoted, "half')).toEqual([]);
    expect(parseEtags('')).toEqual([]);
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(digests), (tags) => {
        expect(parseEtags(tags.map(formatEtag).join(', '))).toEqual(tags);
      }),
    );
  });
});

/** A list as RFC 9110 allows it in section 5.6.1: with spaces, tabs and empty elements. */
const lists = fc
  .array(
    fc.record({
      tag: fc.stringMatching(/^[!#-~\x80-\xff]{0,8}$/),
      isWeak: fc.boolean(),
      before: fc.constantFrom('', ' ', '\t'),
      after: fc.constantFrom('', ' ', ' , ', ',,'),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((elements) => ({
    tags: elements.map(({ tag }) => tag),
    weak: elements.map(({ isWeak }) => isWeak),
    header: elements
      .map(({ tag, isWeak, ...space }) => `${space.before}${isWeak ? 'W/' : ''}"${tag}"${space.after}`)
      .join(),
  }));

describe('a list of entity tags', () => {
  it('is read tag by tag, however it is written', () => {
    fc.assert(
      fc.property(lists, ({ tags, header }) => {
        expect(parseEtags(header)).toEqual(tags);
      }),
    );
  });

  it('has the strong ones among them, for who compares by the strong comparison', () => {
    fc.assert(
      fc.property(lists, ({ tags, weak, header }) => {
        expect(parseStrongEtags(header)).toEqual(tags.filter((_, index) => weak[index] === false));
      }),
    );
  });

  it('is met by the tags in it, and by no other', () => {
    fc.assert(
      fc.property(lists, digests, ({ tags, header }, digest) => {
        for (const tag of tags) expect(isNotModified({ ifNoneMatch: header }, { digest: tag })).toBe(true);
        expect(isNotModified({ ifNoneMatch: header }, { digest })).toBe(tags.includes(digest));
      }),
    );
  });

  it('is read without an error whatever is there instead', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', 'W', '/', ',', ' ', '*', 'a') }), (header) => {
        expect(parseEtags(header).filter((tag) => tag.includes('"'))).toEqual([]);
      }),
    );
  });
});
