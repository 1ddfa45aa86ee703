import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as lmdb from 'lmdb';
import { infoKey, variantKey, type EntryKey } from 'nestjs-image-cache';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { EntryIndex } from '../../../../../libs/image-cache/src/stores/filesystem/index/entry-index.js';
import { IndexTables } from '../../../../../libs/image-cache/src/stores/filesystem/index/index-tables.js';
import { SpaceLedger } from '../../../../../libs/image-cache/src/stores/filesystem/index/space-ledger.js';
import { bytesUsed } from '../../../../../libs/image-cache/src/stores/filesystem/index/totals.js';
import { directorySpace } from '../../../../support/filesystem-store.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';

function variant(identifier: string, operations = 'max'): EntryKey {
  return variantKey({ identifier, operations, extension: 'jpg' });
}

describe('The index of entries', () => {
  let directory: TestDirectory;
  let tables: IndexTables;
  let index: EntryIndex;

  const open = (): void => {
    tables = IndexTables.open(lmdb, directory.path, { directories: directorySpace(directory.path) });
    index = new EntryIndex(tables);
  };

  const put = (key: EntryKey, at: number, size = 1000): void => {
    index.put({ key, at, hits: 0, size, stored: 4096 });
  };

  beforeEach(async () => {
    directory = await makeDirectory();
    open();
  });

  afterEach(async () => {
    await tables.close();
    await directory.remove();
  });

  it('adds up what is in it, an entry that is replaced once', () => {
    put(variant('a'), 1);
    put(variant('a'), 2, 500);
    put(infoKey('a'), 3);
    expect(index.usage()).toEqual({ entries: 2, bytes: 1500 });
    expect(index.usage('variant')).toEqual({ entries: 1, bytes: 500 });
    expect(bytesUsed(tables.totals())).toBe(8192);
    expect(index.take(variant('a'))).toBe(4096);
    expect(index.take(variant('a'))).toBe(0);
    expect(index.usage()).toEqual({ entries: 1, bytes: 1000 });
  });

  it('tells the least recently used of all kinds', () => {
    put(variant('a'), 30);
    put(variant('b'), 10);
    put(infoKey('a'), 20);
    expect(index.oldest(2).map(({ at }) => at)).toEqual([10, 20]);
    index.touch([
      { key: variant('b'), at: 40, hits: 3 },
      { key: variant('a'), at: 5, hits: 1 },
      { key: variant('absent'), at: 5, hits: 1 },
    ]);
    expect(index.oldest(9).map(({ at, hits }) => [at, hits])).toEqual([
      [20, 0],
      [30, 1],
      [40, 3],
    ]);
  });

  it('lists in the order of access page by page, also those of one time', () => {
    const keys = Array.from({ length: 450 }, (_, each) => (each % 3 === 0 ? infoKey(`${each}`) : variant(`${each}`)));
    for (const [each, key] of keys.entries()) put(key, 100 + (each % 2));
    const listed = [...index.byAccess(['info', 'source', 'variant'])];
    expect(listed.length).toBe(450);
    expect(new Set(listed.map(({ key }) => `${key.kind}${key.group}`)).size).toBe(450);
    expect(listed.map(({ at }) => at)).toEqual([...Array<number>(225).fill(100), ...Array<number>(225).fill(101)]);
    const rest = [...index.byAccess(['info', 'source', 'variant'], listed[123])];
    expect(rest).toEqual(listed.slice(124));
  });

  it('tells the entries of an image, and no others', () => {
    const keys = Array.from({ length: 120 }, (_, each) => variant('a', `${each}`));
    for (const key of [...keys, variant('ab'), infoKey('a')]) put(key, 1);
    const told = index.keysOf('variant', variant('a').group);
    expect(told).toHaveLength(120);
    expect(told).toEqual(expect.arrayContaining(keys));
    expect(index.keysOf('info', variant('a').group)).toEqual([infoKey('a')]);
    expect(index.keysOf('variant', 'not a hash')).toEqual([]);
  });

  it('takes all of a kind out at once', () => {
    put(variant('a'), 1);
    put(infoKey('a'), 1);
    expect(index.takeAll('variant')).toBe(4096);
    expect(index.usage()).toEqual({ entries: 1, bytes: 1000 });
    expect(index.oldest(5).map(({ key }) => key.kind)).toEqual(['info']);
  });

  it('removes only what is as it was', () => {
    put(variant('a'), 1);
    const seen = index.oldest(1);
    index.touch([{ key: variant('a'), at: 2, hits: 1 }]);
    index.remove(seen);
    expect(index.usage().entries).toBe(1);
    index.remove(index.oldest(1));
    expect(index.usage().entries).toBe(0);
  });

  it('keeps what it knows', async () => {
    put(variant('a'), 1);
    tables.setComplete(0);
    await tables.close();
    open();
    expect(index.usage().entries).toBe(1);
    expect(index.isComplete).toBe(true);
  });

  it('is complete when all files have been taken in since it was doubted last', () => {
    expect(index.isComplete).toBe(false);
    tables.doubt();
    const { doubts } = tables;
    tables.doubt();
    tables.setComplete(doubts);
    expect(index.isComplete).toBe(false);
    tables.setComplete(tables.doubts);
    tables.setComplete(doubts);
    expect(index.isComplete).toBe(true);
  });

  it('lists the users that have not left', () => {
    const ledger = new SpaceLedger(tables);
    for (const user of ['a', 'b', 'c', 'a']) ledger.enter(user);
    ledger.leave('b');
    ledger.leave('unknown');
    expect(ledger.users()).toEqual(['a', 'c']);
  });

  it('sets space apart for writes as far as it is admitted, and no longer than they last', () => {
    const ledger = new SpaceLedger(tables);
    const write = { name: 'one', key: variant('a'), bytes: 100, owner: 'me' };
    const admits = (totals: ReturnType<IndexTables['totals']>): boolean => bytesUsed(totals) <= 150;
    expect(ledger.claim(write, admits)).toBe(true);
    expect(ledger.claim({ ...write, name: 'two' }, admits)).toBe(false);
    expect(ledger.claim({ ...write, bytes: 150 }, admits)).toBe(true);
    expect(ledger.writes()).toEqual([{ ...write, bytes: 150 }]);
    ledger.end('one');
    ledger.end('one');
    expect(ledger.writes()).toEqual([]);
    expect(tables.totals()).toMatchObject({ claimed: 0, writes: 0 });
  });

  it('counts what has been discarded until it is gone', () => {
    const ledger = new SpaceLedger(tables);
    ledger.discard('trash/one', 100);
    ledger.discard('trash/one', 50);
    ledger.discard('trash/two', 7);
    expect(tables.totals().discarded).toBe(157);
    expect(ledger.discards()).toEqual(['trash/one', 'trash/two']);
    ledger.emptied('trash/one');
    ledger.emptied('trash/one');
    expect(tables.totals().discarded).toBe(7);
  });

  it('changes nothing when a change fails midway', () => {
    put(variant('a'), 1);
    expect(() =>
      tables.transaction(() => {
        index.take(variant('a'));
        throw new Error('midway');
      }),
    ).toThrow('midway');
    expect(index.usage().entries).toBe(1);
    expect(index.oldest(1).length).toBe(1);
  });

  it('lists the entries of an image, and pages by last access, without a look at the others', () => {
    const look = jest.spyOn(tables, 'record');
    const countLooks = (work: () => readonly unknown[], expected: number): number => {
      look.mockClear();
      expect(work()).toHaveLength(expected);
      return look.mock.calls.length;
    };
    const page = (): unknown[] => [...take(index.byAccess(['info', 'variant']), 100)];
    const fill = (from: number, to: number): void => {
      tables.transaction(() => {
        for (let each = from; each < to; each += 1) put(variant(`image ${each}`), 1000 + each);
      });
    };
    put(variant('a'), 3);
    put(infoKey('a'), 1);
    fill(0, 2000);
    const few = [countLooks(() => index.ofImage(infoKey('a').group), 2), countLooks(page, 100)];
    fill(2000, 20_000);
    expect([countLooks(() => index.ofImage(infoKey('a').group), 2), countLooks(page, 100)]).toEqual(few);
    expect(few[0]).toBe(2);
    const [first, second] = index.ofImage(infoKey('a').group);
    expect([first?.at, second?.at]).toEqual([1, 3]);
    expect(index.ofImage(infoKey('a').group, ['info', 'variant'], first)).toEqual([second]);
    expect(index.ofImage('no group')).toEqual([]);
  });

  it('takes no more than 700 bytes for each of its entries, however often they change', () => {
    const [entries, rounds, batch] = [4000, 4, 50];
    for (let round = 0; round < rounds; round += 1) {
      for (let start = 0; start < entries; start += batch)
        tables.transaction(() => {
          for (let each = start; each < start + batch; each += 1) {
            put(variant(`image ${round * entries + each}`), each);
            index.take(variant(`image ${(round - 1) * entries + each}`));
          }
        });
      const touches = Array.from({ length: entries }, (_, each) => ({
        key: variant(`image ${round * entries + ((each * 7919) % entries)}`),
        at: 1e12 + each,
        hits: 1,
      }));
      index.touch(touches);
    }
    expect(index.usage().entries).toBe(entries);
    expect(statSync(join(directory.path, 'data.mdb')).size).toBeLessThanOrEqual(700 * entries + 256 * 1024);
  });
});

function* take<T>(all: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const each of all) {
    if (left === 0) return;
    left -= 1;
    yield each;
  }
}
