import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { infoKey } from 'nestjs-image-cache';
import {
  decodeInfoFile,
  encodeInfoFile,
} from '../../../../../libs/image-cache/src/stores/filesystem/files/info-file.js';
import { bodies, damages, entries } from '../../../../support/arbitraries.js';

const KEY = infoKey('image');

describe('the file of an info', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(entries, ({ meta, body }) => {
        expect(decodeInfoFile(encodeInfoFile(KEY, meta, body), KEY)).toEqual({ meta, body });
      }),
    );
  });

  it('is JSON as a whole when the body is', () => {
    fc.assert(
      fc.property(entries, fc.json(), ({ meta }, body) => {
        const file = JSON.parse(encodeInfoFile(KEY, meta, Buffer.from(body)).toString()) as Record<string, unknown>;
        expect(Object.keys(file)).toEqual(['version', 'digest', 'bodyAt', 'key', 'meta', 'body']);
        expect([file['meta'], JSON.stringify(file['body'])]).toEqual([meta, JSON.stringify(JSON.parse(body))]);
      }),
    );
  });

  it('is none of another image', () => {
    fc.assert(
      fc.property(entries, ({ meta, body }) => {
        expect(decodeInfoFile(encodeInfoFile(KEY, meta, body), infoKey('other'))).toBeUndefined();
      }),
    );
  });

  it('is none when anything of it is not as it was', () => {
    fc.assert(
      fc.property(entries, damages, ({ meta, body }, damage) => {
        const file = encodeInfoFile(KEY, meta, body);
        const damaged = damage(file);
        expect(decodeInfoFile(damaged, KEY)).toEqual(damaged.equals(file) ? { meta, body } : undefined);
      }),
      { numRuns: 1000 },
    );
  });

  it('is none when it is something else', () => {
    fc.assert(
      fc.property(bodies, (file) => {
        expect(decodeInfoFile(file, KEY)).toBeUndefined();
        expect(decodeInfoFile(Buffer.concat([Buffer.from('{"version":1,"digest":"'), file]), KEY)).toBeUndefined();
      }),
    );
  });
});
