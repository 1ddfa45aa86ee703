import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { extensionOf, infoKey, namespacedIdentifier, variantKey } from 'nestjs-image-cache';
import { isDeepStrictEqual } from 'node:util';
import { groupOf, keyString } from '../../../../libs/image-cache/src/keys/entry-keys.js';
import { texts } from '../../../support/arbitraries.js';

describe('keys', () => {
  it('are the same for the same image and operations, and differ for different ones', () => {
    fc.assert(
      fc.property(texts, texts, texts, texts, (identifier, operations, otherIdentifier, otherOperations) => {
        const key = variantKey({ identifier, operations });
        const other = variantKey({ identifier: otherIdentifier, operations: otherOperations });
        expect(variantKey({ identifier, operations })).toEqual(key);
        expect(key.group === other.group).toBe(identifier === otherIdentifier);
        expect(key.id === other.id).toBe(operations === otherOperations);
        expect(infoKey(identifier).group).toBe(key.group);
        expect(groupOf(identifier)).toBe(key.group);
      }),
    );
  });

  it.each([
    ['\ud800', '\udfff'],
    ['\ud800', '\ufffd'],
    ['\ud800', '\\ud800'],
    ['é', 'e\u0301'],
    ['a', 'a\0'],
  ])('tell %j from %j', (one, other) => {
    expect(groupOf(one)).not.toBe(groupOf(other));
  });

  it('are names that are safe in files and objects, whatever the identifier and the extension are', () => {
    fc.assert(
      fc.property(texts, texts, texts, (identifier, operations, extension) => {
        const { group, id, extension: safe } = variantKey({ identifier, operations, extension });
        expect([group, id]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/)]);
        expect(safe).toMatch(/^[a-z0-9]{1,8}$/);
      }),
    );
  });

  it('keep an extension that is fit for a file name, and replace any other', () => {
    const extensionFor = (extension: string): string =>
      variantKey({ identifier: 'a', operations: 'b', extension }).extension;
    expect(['webp', 'jp2'].map(extensionFor)).toEqual(['webp', 'jp2']);
    expect(['', 'JPG', '../x', 'json.tmp', 'toolongname', 'a b'].map(extensionFor)).toEqual(Array(6).fill('img'));
    expect(variantKey({ identifier: 'a', operations: 'b' }).extension).toBe('img');
  });

  it('are told apart as one string, whatever they are of', () => {
    const keys = fc.oneof(
      texts.map(infoKey),
      fc
        .tuple(texts, texts, fc.constantFrom('jpg', 'png', 'img', 'json', ''))
        .map(([identifier, operations, extension]) => variantKey({ identifier, operations, extension })),
    );
    fc.assert(
      fc.property(keys, keys, (one, other) => {
        expect(keyString(one) === keyString(other)).toBe(isDeepStrictEqual(one, other));
      }),
    );
  });

  it('of one image are told apart as one string', () => {
    const keys = [
      infoKey('a'),
      infoKey('b'),
      ...['jpg', 'png'].map((extension) => variantKey({ identifier: 'a', operations: 'max', extension })),
      variantKey({ identifier: 'a', operations: 'full', extension: 'jpg' }),
    ];
    expect(new Set(keys.map(keyString)).size).toBe(keys.length);
  });
});

describe('extensionOf', () => {
  it.each([
    ['image/jpeg', 'jpg'],
    ['IMAGE/PNG', 'png'],
    ['image/webp; quality=5', 'webp'],
    [' image/tiff ', 'tif'],
    ['image/avif', 'avif'],
    ['image/gif', 'gif'],
    ['text/html', 'img'],
    ['', 'img'],
    ['constructor', 'img'],
  ])('of %j is %s', (contentType, extension) => {
    expect(extensionOf(contentType)).toBe(extension);
  });
});

describe('namespacedIdentifier', () => {
  it('tells all identifiers of all namespaces apart', () => {
    fc.assert(
      fc.property(
        fc.tuple(texts, texts),
        fc.tuple(texts, texts),
        ([namespace, identifier], [otherNamespace, otherIdentifier]) => {
          fc.pre(namespace !== '' && otherNamespace !== '');
          const same = namespace === otherNamespace && identifier === otherIdentifier;
          const equal =
            namespacedIdentifier(namespace, identifier) === namespacedIdentifier(otherNamespace, otherIdentifier);
          expect(equal).toBe(same);
        },
      ),
    );
    expect(namespacedIdentifier('a/b', 'c')).not.toBe(namespacedIdentifier('a', 'b/c'));
  });

  it('leaves an identifier as it is when there is no namespace', () => {
    expect(namespacedIdentifier('', 'maps/paris.tif')).toBe('maps/paris.tif');
  });
});
