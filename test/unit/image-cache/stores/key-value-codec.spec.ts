import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Keyv } from 'keyv';
import {
  decodeAccess,
  decodeValue,
  encodeValue,
} from '../../../../libs/image-cache/src/stores/cache-manager/key-value-codec.js';
import { damages, entries } from '../../../support/arbitraries.js';

describe('the value of an entry in a key-value cache', () => {
  it('is read as it was written, through JSON and through what Keyv makes of it', async () => {
    const keyv = new Keyv();
    await fc.assert(
      fc.asyncProperty(entries, async ({ meta, body }) => {
        const value = encodeValue(meta, body);
        await keyv.set('entry', value);
        for (const read of [value, parsed(JSON.stringify(value)), await keyv.get<unknown>('entry')])
          expect(decodeValue(read)).toEqual({ meta, body });
      }),
    );
  });

  it('is never read with another body than was written, whatever happened to it', () => {
    fc.assert(
      fc.property(entries, damages, ({ meta, body }, damage) => {
        const text = damage(Buffer.from(JSON.stringify(encodeValue(meta, body)))).toString();
        expect([undefined, body.toString('hex')]).toContain(decodeValue(parsed(text))?.body.toString('hex'));
      }),
      { numRuns: 1000 },
    );
  });

  it('is none that anybody else has written', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (meta, body) => {
        for (const value of [meta, { meta, body }, { meta, body: 'YQ==' }]) expect(decodeValue(value)).toBeUndefined();
      }),
    );
  });
});

describe('an access in a key-value cache', () => {
  it('is read as it was written, and is none that anybody else has written', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.anything(), (at, hits, other) => {
        expect(decodeAccess(JSON.parse(JSON.stringify({ at, hits })))).toEqual({ at, hits });
        for (const value of [other, { at }, { at, hits: `${hits}` }, [at, hits]])
          expect(decodeAccess(value)).toBeUndefined();
      }),
    );
  });
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
