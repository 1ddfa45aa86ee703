import assert from 'node:assert/strict';
import type { EntryKey, Evicted, EvictedCounts } from '../../ports/entry.js';
import { assertBody, assertEqual } from './assertions.js';
import { assertEmpty, assertHoldsOnly } from './contents.js';
import { bodyLabelled, forEachAtOnce, keyOf, list, nameOf, newMeta, put, readWhole, together } from './fixtures.js';
import type { CacheStoreLaw, LawContext } from './law.js';

/** What evictions and `usage` tell of the entries. */
const countingLaws: readonly CacheStoreLaw[] = [
  {
    name: 'counts what an eviction of one entry takes away',
    async run(context) {
      const { store } = context;
      const keys = await fill(context);
      assertCounts(await finalCounts(store.delete(keys.one)), { variants: 1, bodies: 1000 });
      assertCounts(await finalCounts(store.delete(keys.one)), { bodies: 0 });
      assertCounts(await finalCounts(store.delete(keys.info)), { infos: 1, bodies: 1000 });
      assertCounts(await finalCounts(store.delete(keys.source)), { sources: 1, bodies: 1000 });
    },
  },
  {
    name: 'counts what an eviction of an image takes away, once when several ask for it',
    async run(context) {
      const { store } = context;
      const { one, other } = await fill(context);
      const image = { infos: 1, variants: 2, sources: 1, bodies: 4000 };
      assertCounts(await finalCounts(store.deleteGroup(one.group)), image);
      assertCounts(await finalCounts(store.deleteGroup(one.group)), { bodies: 0 });
      const ifGeneration = await store.generation(other.group);
      const evict = (): Promise<EvictedCounts> => finalCounts(store.deleteGroup(other.group, { ifGeneration }));
      const counts = await Promise.all(Array.from({ length: 8 }, evict));
      const sum = counts.reduce((variants, each) => variants + each.variants, 0);
      assertEqual(sum, 1, 'variants that 8 evictions of an image with one variant count together');
    },
  },
  {
    name: 'counts what an eviction of a kind, and of everything, takes away',
    async run(context) {
      const { store } = context;
      await fill(context);
      assertCounts(await finalCounts(store.clear('info')), { infos: 1, bodies: 1000 });
      assertCounts(await finalCounts(store.clear('variant')), { variants: 3, bodies: 3000 });
      await fill(context);
      assertCounts(await finalCounts(store.clear()), { infos: 1, variants: 3, sources: 1, bodies: 5000 });
    },
  },
  {
    name: 'says how many entries it holds and how large their bodies are',
    async run(context) {
      const { store } = context;
      await fill(context);
      await put(context, keyOf('image', 'two'), bodyLabelled('larger', 3000));
      assertEqual(await store.usage(), { entries: 5, bytes: 7000 }, 'usage()');
      assertEqual(await store.usage('variant'), { entries: 3, bytes: 5000 }, "usage('variant')");
      assertEqual(await store.usage('info'), { entries: 1, bytes: 1000 }, "usage('info')");
      await finalCounts(store.clear('variant'));
      assertEqual(await store.usage('variant'), { entries: 0, bytes: 0 }, "usage('variant') after clear('variant')");
      assertEqual(await store.usage('source'), { entries: 1, bytes: 1000 }, "usage('source') after clear('variant')");
    },
  },
];

/** How entries go: exactly those that are meant, all of them, and counted. */
export const evictionLaws: readonly CacheStoreLaw[] = [
  {
    name: 'evicts one entry and leaves the others of its image',
    async run(context) {
      const { store } = context;
      const { one, two, info, source, other } = await fill(context);
      await store.delete(one);
      await assertHoldsOnly(store, [two, info, source, other], [one]);
      await store.delete(one);
      await store.delete(info);
      await store.delete(source);
      await assertHoldsOnly(store, [two, other], [one, info, source]);
    },
  },
  {
    name: 'evicts all of an image, of every kind, and nothing of another one',
    async run(context) {
      const { store } = context;
      const { other, ...image } = await fill(context);
      await finalCounts(store.deleteGroup(image.one.group));
      await assertHoldsOnly(store, [other], Object.values(image));
      await finalCounts(store.deleteGroup(image.one.group));
      await assertHoldsOnly(store, [other], Object.values(image));
    },
  },
  {
    name: 'tells images apart whose hashes begin alike, whatever they begin with',
    async run(context) {
      const { store } = context;
      const like = 'abcdef0123456789'.repeat(4);
      const groups = [like, ...[63, 40, 24, 16, 8, 6, 2].map((shared) => `${like.slice(0, shared)}${'f'.repeat(64)}`)];
      const keysOf = (group: string): EntryKey[] =>
        [keyOf(''), keyOf('', 'a', 'info'), keyOf('', 'a', 'source')].map((key) => ({
          ...key,
          group: group.slice(0, 64),
        }));
      for (const key of groups.flatMap(keysOf)) await put(context, key, Buffer.from(key.group));
      for (const [index, group] of groups.entries()) {
        await store.deleteGroup(group.slice(0, 64));
        const gone = groups.slice(0, index + 1).flatMap(keysOf);
        await assertHoldsOnly(store, groups.slice(index + 1).flatMap(keysOf), gone);
      }
    },
  },
  {
    name: 'evicts everything of a kind and leaves the other kinds',
    async run(context) {
      const { store } = context;
      const { one, two, info, source, other } = await fill(context);
      await finalCounts(store.clear('info'));
      await assertHoldsOnly(store, [one, two, source, other], [info]);
      await finalCounts(store.clear('variant'));
      await assertHoldsOnly(store, [source], [one, two, info, other]);
    },
  },
  {
    name: 'evicts everything, and can be filled again',
    async run(context) {
      const { store } = context;
      const keys = await fill(context);
      await finalCounts(store.clear());
      await assertEmpty(store, Object.values(keys));
      await put(context, keys.one, Buffer.from('again'));
      assertBody(await readWhole(store, keys.one), Buffer.from('again'));
    },
  },
  {
    name: 'evicts everything that was there while others go on writing',
    timeout: 60_000,
    run: clearUnderLoad,
  },
  ...countingLaws,
];

interface Filled {
  readonly one: EntryKey;
  readonly two: EntryKey;
  readonly info: EntryKey;
  readonly source: EntryKey;
  readonly other: EntryKey;
}

async function fill(context: LawContext): Promise<Filled> {
  const filled: Filled = {
    one: keyOf('image', 'one'),
    two: keyOf('image', 'two'),
    info: keyOf('image', 'info', 'info'),
    source: keyOf('image', 'original', 'source'),
    other: keyOf('other image', 'one'),
  };
  for (const [label, key] of Object.entries(filled) as [string, EntryKey][])
    await put(context, key, bodyLabelled(label, 1000));
  return filled;
}

async function clearUnderLoad(context: LawContext): Promise<void> {
  const { store } = context;
  const before = Array.from({ length: 60 }, (_, index) => keyOf(`before ${index % 20}`, `${index}`));
  await forEachAtOnce(before, 8, (key) => put(context, key, bodyLabelled('before', 2000)));
  const loads = Array.from({ length: 15 }, (_, index) => keyOf(`image ${index % 5}`, `${index % 3}`));
  let done = false;
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let turn = 0; !done; turn += 1) {
      const reservation = await store.reserve(keyOf(`image ${(writer + turn) % 5}`, `${turn % 3}`));
      await reservation.commit({ body: bodyLabelled('load', 20_000) }, newMeta(context));
    }
  });
  const clear = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) {
      await finalCounts(store.clear());
      for (const key of before) {
        assert.ok((await store.stat(key)) === undefined, `stat() finds ${nameOf(key)} after clear()`);
      }
    }
  };
  await together([...writers, clear().finally(() => (done = true))]);
  if (store.features.enumerable) {
    for (const { key } of await list(store)) {
      assert.ok(await readWhole(store, key), `${nameOf(key)} is listed and cannot be read`);
    }
  }
  await finalCounts(store.clear());
  await assertEmpty(store, [...before, ...loads]);
}

async function finalCounts(eviction: Promise<Evicted>): Promise<EvictedCounts> {
  const evicted = await eviction;
  return (await evicted.completed) ?? evicted;
}

function assertCounts(
  counts: EvictedCounts,
  expected: { infos?: number; variants?: number; sources?: number; bodies: number },
): void {
  const { bodies, ...entries } = expected;
  const { infos, variants, sources, bytes } = counts;
  const none = { infos: 0, variants: 0, sources: 0 };
  assertEqual({ infos, variants, sources }, { ...none, ...entries }, 'entries that the eviction counts');
  assert.ok(bytes >= bodies, `the eviction counts ${bytes} bytes for bodies of ${bodies}`);
  if (bodies === 0) assertEqual(bytes, 0, 'bytes that an eviction of nothing counts');
}
