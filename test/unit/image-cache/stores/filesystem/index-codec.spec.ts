import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyString } from '../../../../../libs/image-cache/src/keys/entry-keys.js';
import type { EntryKey, Kind } from '../../../../../libs/image-cache/src/ports/entry.js';
import {
  decodeKey,
  decodePosition,
  decodeRecord,
  encodeKey,
  encodePosition,
  encodeRecord,
  endOf,
  firstOf,
} from '../../../../../libs/image-cache/src/stores/filesystem/index/index-codec.js';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));

const extension = fc.constantFrom('jpg', 'png', 'webp', 'img', 'tif');

function keysOf(kind: Kind): fc.Arbitrary<EntryKey> {
  return kind === 'info'
    ? hash.map((group) => ({ kind, group, id: 'info', extension: 'json' }))
    : fc.tuple(hash, hash, extension).map(([group, id, ending]) => ({ kind, group, id, extension: ending }));
}

const whole = fc.integer({ min: 0, max: 2 ** 48 - 1 });

function encoded(key: EntryKey): Buffer {
  return encodeKey(key) ?? Buffer.alloc(0);
}

describe('The codec of the index', () => {
  it.each(['info', 'variant', 'source'] as const)('gives keys of kind %s back', (kind) => {
    fc.assert(
      fc.property(keysOf(kind), (key) => {
        expect(decodeKey(kind, encoded(key))).toEqual(key);
      }),
    );
  });

  it('sorts keys as the files are sorted', () => {
    fc.assert(
      fc.property(keysOf('variant'), keysOf('variant'), (one, other) => {
        const order = Buffer.compare(encoded(one), encoded(other));
        expect(Math.sign(order)).toBe(
          keyString(one) === keyString(other) ? 0 : keyString(one) < keyString(other) ? -1 : 1,
        );
      }),
    );
  });

  it('finds all entries of an image between its ends, and no others', () => {
    fc.assert(
      fc.property(keysOf('variant'), hash, (key, group) => {
        const isBetween =
          Buffer.compare(encoded(key), firstOf(group)) >= 0 && Buffer.compare(encoded(key), endOf(group)) < 0;
        expect(isBetween).toBe(key.group === group);
        expect(Buffer.compare(encoded(key), firstOf(key.group))).toBe(1);
        expect(Buffer.compare(encoded(key), endOf(key.group))).toBe(-1);
      }),
    );
  });

  it('knows no keys but those of entries', () => {
    expect(encodeKey({ kind: 'variant', group: 'a', id: 'b', extension: 'jpg' })).toBeUndefined();
    expect(encodeKey({ kind: 'variant', group: 'a'.repeat(64), id: 'photo', extension: 'jpg' })).toBeUndefined();
    expect(encodeKey({ kind: 'info', group: '../etc', id: 'info', extension: 'json' })).toBeUndefined();
  });

  it('gives records and positions back', () => {
    fc.assert(
      fc.property(whole, whole, whole, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (at, size, stored, hits) => {
        expect(decodeRecord(encodeRecord({ at, size, stored, hits }))).toEqual({ at, size, stored, hits });
      }),
    );
    fc.assert(
      fc.property(whole, keysOf('source'), (at, key) => {
        expect(decodePosition(encodePosition(at, encoded(key)))).toEqual({ at, key: encoded(key) });
      }),
    );
  });

  it('sorts positions by time', () => {
    fc.assert(
      fc.property(whole, whole, keysOf('variant'), keysOf('variant'), (at, later, one, other) => {
        fc.pre(at < later);
        expect(Buffer.compare(encodePosition(at, encoded(one)), encodePosition(later, encoded(other)))).toBe(-1);
      }),
    );
  });
});
