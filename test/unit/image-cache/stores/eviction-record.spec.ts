import { describe, expect, it } from '@jest/globals';
import type { Eviction } from 'nestjs-image-cache';
import {
  decodeRecord,
  encodeRecord,
} from '../../../../libs/image-cache/src/stores/filesystem/eviction/eviction-record.js';
import { variantOf } from '../../../support/stores.js';

const KEY = variantOf('image');

describe('the record of an eviction', () => {
  it.each<[string, Eviction]>([
    ['an entry', { key: KEY }],
    ['an image', { group: KEY.group }],
    ['a kind', { kind: 'source' }],
    ['everything', {}],
  ])('of %s is one line, and can be read again', (_, eviction) => {
    const line = encodeRecord({ by: 'somebody', count: 3, eviction });
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(decodeRecord(line)).toEqual({ by: 'somebody', count: 3, eviction });
  });

  it.each([
    '',
    'null',
    '5',
    '"text"',
    '[]',
    '{}',
    '{"by":"somebody"}',
    '{"by":1,"count":1}',
    '{"by":"a","count":1,"kind":"video"}',
    '{"by":"a","count":1,"group":5}',
    '{"by":"a","count":1,"key":null}',
    '{"by":"a","count":1,"key":{"kind":"variant","group":"a","id":"b"}}',
    '{"by":"a","count":1,"key":{"kind":"video","group":"a","id":"b","extension":"c"}}',
    '{"by":"a","count":1,"key":{"group":"a","id":"b","extension":"c"}}',
    '{"by":"a","count":1,"group":"a","kind":"info"}',
    '{"by":"a","count":1,"prefix":"a"}',
    '{"by":"a","count":1,"gro{"by":"a","count":2,"group":"b"}',
  ])('is not %s', (line) => {
    expect(decodeRecord(line)).toBeUndefined();
  });
});
