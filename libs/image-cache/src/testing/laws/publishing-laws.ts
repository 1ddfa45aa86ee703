import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Kind } from '../../ports/entry.js';
import { assertBody, assertEqual, assertRejects, requireEntry, requirePublished } from './assertions.js';
import { assertAbsent, assertEmpty, assertHoldsOnly } from './contents.js';
import {
  bodyLabelled,
  inTheMiddle,
  keyOf,
  nameOf,
  newMeta,
  put,
  readWhole,
  sha256,
  stoppingStream,
  together,
} from './fixtures.js';
import type { CacheStoreLaw } from './law.js';

const KINDS: readonly Kind[] = ['info', 'variant', 'source'];

/** How entries come into being: whole, or not at all. */
export const publishingLaws: readonly CacheStoreLaw[] = [
  {
    name: 'gives back the body and the metadata that were committed, of every kind',
    async run(context) {
      const { store, clock } = context;
      for (const kind of KINDS) {
        const key = keyOf('image', 'a', kind);
        const meta = {
          identifier: 'kärtchen/№ 1.tif',
          operations: '0,0,512,512/256,/0/default',
          contentType: 'image/webp',
          createdAt: clock.now() - 5000,
          source: { etag: '"x"', size: 7, inode: '12', lastModified: '1700000000000000001', changed: '17' },
          headers: { link: '<https://example.org/ü>; rel="canonical"' },
        };
        const body = bodyLabelled(kind, 5000);
        const committed = await (await store.reserve(key)).commit({ body }, { ...meta, announcedLength: 5000 });
        assertEqual(committed, { ...meta, size: 5000, digest: sha256(body) }, 'metadata that commit() answers');
        assertEqual(requireEntry(await store.read(key)).meta, committed, 'metadata that read() answers');
        assertEqual((await store.stat(key))?.meta, committed, 'metadata that stat() answers');
        assertBody(await readWhole(store, key), body);
      }
    },
  },
  {
    name: 'has nothing where nothing was committed',
    run: async ({ store }) => assertAbsent(store, keyOf('nobody')),
  },
  {
    name: 'tells entries apart by kind, image, operations and extension',
    async run(context) {
      const key = keyOf('image', 'a');
      const keys = [
        key,
        keyOf('image', 'b'),
        keyOf('other image', 'a'),
        keyOf('image', 'a', 'info'),
        keyOf('image', 'a', 'source'),
        { ...key, extension: 'webp' },
      ];
      for (const each of keys) await put(context, each, bodyLabelled(nameOf(each), 100));
      for (const each of keys) assertBody(await readWhole(context.store, each), bodyLabelled(nameOf(each), 100));
    },
  },
  {
    name: 'keeps an empty body',
    async run(context) {
      for (const kind of KINDS) {
        const key = keyOf('image', 'empty', kind);
        await put(context, key, Buffer.alloc(0));
        assertBody(await readWhole(context.store, key), Buffer.alloc(0));
        await put(context, key, Readable.from([], { objectMode: false }));
        assertBody(await readWhole(context.store, key), Buffer.alloc(0));
      }
    },
  },
  {
    name: 'takes a body that a renderer wrote to the file of the reservation, or says that it cannot',
    async run(context) {
      const { store } = context;
      const key = keyOf('image');
      const reservation = await store.reserve(key);
      const body = bodyLabelled('file', 300_000);
      if (reservation.file === undefined) {
        const commit = reservation.commit({ file: true }, newMeta(context));
        await assertRejects(
          commit,
          'E_IMAGE_CACHE_UNSUPPORTED',
          'commit({ file: true }) of a reservation without a file',
        );
        await assertEmpty(store, [key]);
        return;
      }
      await writeFile(reservation.file, body);
      assert.ok((await store.read(key)) === undefined, 'read() finds an entry whose file is being written');
      requirePublished(await reservation.commit({ file: true }, { ...newMeta(context), announcedLength: 300_000 }));
      assertBody(await readWhole(store, key), body);
    },
  },
  {
    name: 'shows nothing of a body while it is being written',
    async run(context) {
      const { store } = context;
      const key = keyOf('image');
      const body = bodyLabelled('new', 300_000);
      const stopping = stoppingStream(body);
      await inTheMiddle(put(context, key, stopping.stream), stopping, () => assertAbsent(store, key));
      assertBody(await readWhole(store, key), body);
    },
  },
  {
    name: 'shows the former body until the new one is whole',
    async run(context) {
      const { store } = context;
      const key = keyOf('image');
      const former = bodyLabelled('former', 200_000);
      await put(context, key, former);
      const stopping = stoppingStream(bodyLabelled('new', 300_000));
      await inTheMiddle(put(context, key, stopping.stream), stopping, async () => {
        assertBody(await readWhole(store, key), former);
      });
      assertBody(await readWhole(store, key), bodyLabelled('new', 300_000));
      await assertHoldsOnly(store, [key], []);
    },
  },
  {
    name: 'replaces a body by larger and smaller ones, however they are given',
    async run(context) {
      const key = keyOf('image');
      for (const [round, size] of [1000, 100_000, 500, 1_000_000, 100, 70_000, 10].entries()) {
        const body = bodyLabelled(`${round}`, size);
        await put(context, key, round % 2 === 0 ? body : Readable.from([body], { objectMode: false }));
        assertBody(await readWhole(context.store, key), body);
        await put(context, key, bodyLabelled(`again ${round}`, size));
        assertBody(await readWhole(context.store, key), bodyLabelled(`again ${round}`, size));
      }
    },
  },
  {
    name: 'replaces a body at one stroke: who reads meanwhile gets a whole one',
    timeout: 60_000,
    async run(context) {
      const key = keyOf('image');
      await put(context, key, bodyLabelled('0', 1000));
      let done = false;
      const readers = [1, 2, 3].map(async () => {
        while (!done) {
          assert.ok(await readWhole(context.store, key), 'read() answers undefined while an entry is being replaced');
          await new Promise(setImmediate);
        }
      });
      const replace = async (): Promise<void> => {
        for (let round = 1; round <= 40; round += 1)
          await put(context, key, bodyLabelled(`${round}`, 1000 + round * 9001));
      };
      await together([...readers, replace().finally(() => (done = true))]);
    },
  },
  {
    name: 'lets one of several writers of an entry win, with a whole body',
    timeout: 60_000,
    async run(context) {
      const key = keyOf('image');
      const bodies = Array.from({ length: 16 }, (_, writer) => bodyLabelled(`${writer}`, 50_000 + writer * 30_000));
      await together(bodies.map((body, writer) => put(context, key, writer % 2 === 0 ? body : Readable.from([body]))));
      const won = await readWhole(context.store, key);
      assert.ok(
        bodies.some((body) => won?.equals(body) === true),
        'read() gives a body that no writer has committed',
      );
      await assertHoldsOnly(context.store, [key], []);
    },
  },
];
