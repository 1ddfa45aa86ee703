import assert from 'node:assert/strict';
import type { EntryKey } from '../../ports/entry.js';
import { assertEqual, assertRejects } from './assertions.js';
import { assertEmpty, assertHoldsOnly } from './contents.js';
import { forEachAtOnce, keyOf, list, nameOf, newMeta, put } from './fixtures.js';
import type { CacheStoreLaw, LawContext } from './law.js';
import { listInPages } from './pages.js';

const MANY = 2000;

/** How entries are listed, and how their accesses are recorded. */
export const listingLaws: readonly CacheStoreLaw[] = [
  {
    name: 'lists its entries and counts them, or says that it cannot',
    async run(context) {
      const { store } = context;
      await put(context, keyOf('image'), Buffer.from('body'));
      if (store.features.enumerable) {
        assertEqual((await list(store)).length, 1, 'entries that entries() lists of one');
        assertEqual(await store.usage(), { entries: 1, bytes: 4 }, 'usage() of one entry of 4 bytes');
        return;
      }
      const what = 'of a store that is not features.enumerable';
      await assertRejects(list(store), 'E_IMAGE_CACHE_UNSUPPORTED', `entries() ${what}`);
      await assertRejects(store.usage(), 'E_IMAGE_CACHE_UNSUPPORTED', `usage() ${what}`);
    },
  },
  {
    name: 'lists 2,000 entries page by page: none twice, none missing, all in one order',
    timeout: 120_000,
    async run(context) {
      const keys = Array.from({ length: MANY }, (_, index) => keyOf(`image ${index % 400}`, `${index}`));
      await forEachAtOnce(keys, 16, (key) => put(context, key, Buffer.from('body')));
      const whole = (await list(context.store)).map(({ key }) => nameOf(key));
      assertEqual([...whole].sort(), keys.map(nameOf).sort(), 'what entries() lists');
      const paged = await listInPages(context.store, 137);
      assertEqual(
        paged.map(({ key }) => nameOf(key)),
        whole,
        'what entries() lists page by page, beside what it lists at once',
      );
      const images = whole.map((name) => name.split('/')[1]);
      const changes = images.filter((image, index) => image !== images[index - 1]);
      assert.ok(changes.length === 400, 'entries() lists an entry of another image between those of one image');
    },
  },
  {
    name: 'lists all kinds, or one, and goes on in either',
    async run(context) {
      const { store } = context;
      const keys = (['variant', 'info', 'source'] as const).flatMap((kind) => [
        keyOf('a', 'a', kind),
        keyOf('b', 'a', kind),
      ]);
      for (const key of keys) await put(context, key, Buffer.from('body'));
      const whole = await list(store);
      assertEqual(whole.length, 6, 'entries that entries() lists');
      assertEqual(await listInPages(store, 1), whole, 'what entries() lists one by one, beside what it lists at once');
      for (const kind of ['variant', 'info', 'source'] as const) {
        const some = await list(store, { kind });
        const ofKind = whole.filter(({ key }) => key.kind === kind);
        assertEqual(some, ofKind, `what entries({ kind: '${kind}' }) lists, beside what is listed of all kinds`);
        assertEqual(await listInPages(store, 1, { kind }), some, `what entries({ kind: '${kind}' }) lists one by one`);
      }
    },
  },
  {
    name: 'lists the entries of one image and of no other, in any order, page by page',
    async run(context) {
      const { store } = context;
      const { group } = keyOf('image');
      const keys = ['a', 'b', 'c', 'd', 'e'].map((entry) => keyOf('image', entry));
      for (const key of [...keys, keyOf('image', 'a', 'info'), keyOf('image', 'a', 'source')])
        await put(context, key, Buffer.from('body'));
      for (const each of ['other', 'another']) await put(context, keyOf(each), Buffer.from('body'));
      for (const order of store.features.orderedByAccess ? (['id', 'lastAccess'] as const) : (['id'] as const)) {
        const ofImage = (await list(store, { order })).filter(({ key }) => key.group === group);
        const what = `what entries({ group, order: '${order}' }) lists`;
        assertEqual(await list(store, { order, group }), ofImage, `${what}, beside what is listed of all images`);
        assertEqual(await listInPages(store, 2, { order, group }), ofImage, `${what} page by page`);
        const some = ofImage.filter(({ key }) => key.kind === 'variant');
        assertEqual(await list(store, { order, group, kind: 'variant' }), some, `${what} of the variants`);
      }
      assertEqual(await list(store, { group: keyOf('nobody').group }), [], 'what entries() lists of an unknown image');
    },
  },
  {
    name: 'goes on behind an entry that has gone since, and past entries that go meanwhile',
    async run(context) {
      const { store } = context;
      const keys = Array.from({ length: 12 }, (_, index) => keyOf(`image ${index % 6}`, `${index}`));
      for (const key of keys) await put(context, key, Buffer.from('body'));
      const [first, ...rest] = await list(store);
      assert.ok(first, 'entries() lists nothing');
      await store.delete(first.key);
      assertEqual(
        await list(store, { after: first.cursor }),
        rest,
        'what entries() lists after an entry that has gone',
      );
      let seen = 0;
      for await (const { key } of store.entries()) {
        seen += 1;
        await store.deleteGroup(key.group);
        await store.deleteGroup(keyOf('image 3').group);
      }
      assert.ok(
        seen >= 5 && seen <= 11,
        `entries() lists ${seen} of 11 entries in 6 images that are evicted meanwhile`,
      );
      await assertEmpty(store, keys);
    },
  },
  {
    name: 'stops listing when the signal says so',
    async run(context) {
      for (const image of ['a', 'b', 'c']) await put(context, keyOf(image), Buffer.from('body'));
      const controller = new AbortController();
      const entries = context.store.entries({ signal: controller.signal })[Symbol.asyncIterator]();
      assertEqual((await entries.next()).done, false, 'whether entries() is through after the first of three');
      controller.abort();
      const next = entries.next().then(
        () => 'goes on',
        (error: unknown) => (error as Error).name,
      );
      assertEqual(await next, 'AbortError', 'name of the error with which entries() ends when its signal is aborted');
    },
  },
  {
    name: 'lists the least recently used entries first, or says that it cannot',
    async run(context) {
      const { store, clock } = context;
      const order = [7, 2, 9, 4, 0, 3, 8, 1, 6, 5];
      for (const each of order) await put(context, keyOf(`image ${each}`), Buffer.from('body'));
      await store.touch(
        order.map((each, rank) => ({ key: keyOf(`image ${each}`), at: clock.now() + rank * 10, hits: 1 })),
      );
      if (!store.features.orderedByAccess) {
        const listing = list(store, { order: 'lastAccess' });
        const what = "entries({ order: 'lastAccess' }) of a store that is not features.orderedByAccess";
        await assertRejects(listing, 'E_IMAGE_CACHE_UNSUPPORTED', what);
        return;
      }
      const listed = await list(store, { order: 'lastAccess' });
      const names = order.map((each) => nameOf(keyOf(`image ${each}`)));
      const what = "what entries({ order: 'lastAccess' }) lists";
      assertEqual(
        listed.map(({ key }) => nameOf(key)),
        names,
        what,
      );
      assertEqual(await listInPages(store, 3, { order: 'lastAccess' }), listed, `${what} page by page`);
    },
  },
  {
    name: 'takes the moment of the commit for the first access',
    async run(context) {
      const key = keyOf('image');
      await context.clock.advance(123);
      await put(context, key, Buffer.from('body'));
      assertEqual(await accessOf(context, key), context.clock.now(), "last access, by the context's clock");
    },
  },
  {
    name: 'takes the last access that a copy brings along, and not among its metadata',
    async run(context) {
      const { store, clock } = context;
      const key = keyOf('image');
      const lastAccess = clock.now() - 5000;
      const committed = await (
        await store.reserve(key)
      ).commit({ body: Buffer.from('copy') }, { ...newMeta(context), lastAccess });
      assertEqual(await accessOf(context, key), lastAccess, 'last access of an entry committed with `lastAccess`');
      assertEqual(Object.hasOwn(committed as object, 'lastAccess'), false, 'whether `lastAccess` is in the metadata');
      assertEqual((await store.stat(key))?.meta, committed, 'metadata that stat() answers, beside those of commit()');
    },
  },
  {
    name: 'remembers the later of two accesses, in whatever order they are told',
    async run(context) {
      const { store, clock } = context;
      for (const kind of ['variant', 'info'] as const) {
        const key = keyOf('image', 'a', kind);
        await put(context, key, Buffer.from('body'));
        const start = clock.now();
        for (const [at, expected] of [
          [start + 1001, start + 1001],
          [start + 500, start + 1001],
          [start - 500, start + 1001],
          [start + 86_400_003, start + 86_400_003],
        ] as const) {
          await store.touch([{ key, at, hits: 1 }]);
          const what = `last access that stat() answers after touch() at ${at - start} ms`;
          assertEqual(((await accessOf(context, key)) ?? Number.NaN) - start, expected - start, what);
        }
        assertEqual((await store.read(key))?.lastAccess, start + 86_400_003, 'last access that read() answers');
      }
    },
  },
  {
    name: 'adds up hits, where it counts them',
    async run(context) {
      const { store, clock } = context;
      const key = keyOf('image');
      await put(context, key, Buffer.from('body'));
      await store.touch([{ key, at: clock.now() + 10, hits: 2 }]);
      await store.touch([{ key, at: clock.now() + 5, hits: 3 }]);
      const expected = store.features.hits ? 5 : undefined;
      assertEqual((await store.stat(key))?.hits, expected, 'hits that stat() answers after touches of 2 and 3');
    },
  },
  {
    name: 'makes nothing of an access to an entry that is not there, and records the others',
    async run(context) {
      const { store, clock } = context;
      const key = keyOf('image');
      const at = clock.now() + 1000;
      const absent = [keyOf('nobody'), keyOf('nobody', 'a', 'info'), keyOf('image', 'b')];
      await store.touch(absent.map((each) => ({ key: each, at, hits: 1 })));
      await assertEmpty(store, [...absent, key]);
      await put(context, key, Buffer.from('body'));
      await store.touch([...absent, key].map((each) => ({ key: each, at, hits: 1 })));
      assertEqual(await accessOf(context, key), at, 'last access of the entry that is there');
      await assertHoldsOnly(store, [key], absent);
    },
  },
];

async function accessOf({ store }: LawContext, key: EntryKey): Promise<number | undefined> {
  return (await store.stat(key))?.lastAccess;
}
