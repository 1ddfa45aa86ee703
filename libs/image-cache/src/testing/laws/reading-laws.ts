import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { CacheStore } from '../../ports/cache-store.js';
import type { ByteRange, EntryKey, RangeRequest } from '../../ports/entry.js';
import { assertBody, assertEqual, requireEntry } from './assertions.js';
import { bodyLabelled, bytesOf, keyOf, put, readWhole, sha256, together } from './fixtures.js';
import type { CacheStoreLaw } from './law.js';

const LARGE = 20 * 1024 * 1024;

/** How entries are read: whole, in part, or not at all because the caller has them. */
export const readingLaws: readonly CacheStoreLaw[] = [
  {
    name: 'gives bodies up to the limit as one Buffer',
    async run(context) {
      const key = keyOf('image');
      await put(context, key, bodyLabelled('body', context.maxBufferedEntry));
      const { body } = requireEntry(await context.store.read(key));
      assert.ok(Buffer.isBuffer(body), 'read() gives a stream for a body of maxBufferedEntry bytes');
    },
  },
  {
    name: 'takes and gives a body of 20 MB as a stream',
    timeout: 60_000,
    async run(context) {
      const key = keyOf('image');
      const piece = bodyLabelled('piece', 64 * 1024);
      const pieces = Array.from({ length: LARGE / piece.byteLength }, () => piece);
      const meta = await put(context, key, Readable.from(pieces, { objectMode: false }));
      const whole = Buffer.concat(pieces);
      const { size, digest } = meta;
      assertEqual({ size, digest }, { size: LARGE, digest: sha256(whole) }, 'what commit() answers');
      assertBody(await readWhole(context.store, key), whole);
    },
  },
  {
    name: 'lets the reader of a large body leave, and others read it',
    timeout: 60_000,
    async run(context) {
      const key = keyOf('image');
      const whole = bodyLabelled('body', LARGE);
      await put(context, key, whole);
      const unread = requireEntry(await context.store.read(key)).body;
      const left = requireEntry(await context.store.read(key)).body;
      const leave = async (): Promise<void> => {
        if (left instanceof Readable) await once(left, 'readable');
        for (const body of [unread, left]) if (body instanceof Readable) body.destroy();
      };
      const read = async (): Promise<void> => {
        assertBody(await readWhole(context.store, key), whole);
      };
      await together([read(), leave()]);
    },
  },
  {
    name: 'goes on giving a body that is replaced or evicted while it is read',
    timeout: 60_000,
    async run(context) {
      const { store } = context;
      const key = keyOf('image');
      const whole = bodyLabelled('body', LARGE);
      await put(context, key, whole);
      const answers = [await store.read(key), await store.read(key)];
      await put(context, key, Buffer.from('new'));
      assertBody(await bytesOf(answers[0]), whole);
      const evicted = await store.deleteGroup(key.group);
      await evicted.completed;
      assertBody(await bytesOf(answers[1]), whole);
    },
  },
  {
    name: 'answers without a body when the caller has it',
    async run(context) {
      const { store } = context;
      for (const size of [10, context.maxBufferedEntry + 100_000]) {
        const key = keyOf('image', `${size}`);
        const meta = await put(context, key, bodyLabelled('body', size));
        const answer = await store.read(key, { ifNoneMatch: ['other', meta.digest] });
        assert.ok(answer !== undefined, 'read() answers undefined for an entry that was committed');
        assert.ok('notModified' in answer, 'read() answers with a body, and ifNoneMatch has the digest of the entry');
        assertEqual(answer, { notModified: true, meta, lastAccess: meta.createdAt }, 'the answer without a body');
        const other = await store.read(key, { ifNoneMatch: ['other'] });
        assertBody(await bytesOf(other), bodyLabelled('body', size));
      }
    },
  },
  ...rangeLaws(),
];

function rangeLaws(): readonly CacheStoreLaw[] {
  const ranges: readonly [string, RangeRequest, (size: number) => ByteRange | undefined][] = [
    ['from a byte to a byte', { start: 3, end: 7 }, () => ({ start: 3, end: 7 })],
    ['of the first byte', { start: 0, end: 0 }, () => ({ start: 0, end: 0 })],
    ['from a byte to the end', { start: 5 }, (size) => ({ start: 5, end: size - 1 })],
    ['that ends behind the body', { start: 5, end: 1e9 }, (size) => ({ start: 5, end: size - 1 })],
    ['of the last bytes', { suffix: 4 }, (size) => ({ start: size - 4, end: size - 1 })],
    ['of more last bytes than there are', { suffix: 1e9 }, (size) => ({ start: 0, end: size - 1 })],
    ['that starts behind the body', { start: 1e9 }, () => undefined],
    ['that starts right behind the body', { start: 300_000 }, (size) => (size > 300_000 ? assert.fail() : undefined)],
    ['of no last bytes', { suffix: 0 }, () => undefined],
  ];
  return ranges.map(([what, request, expected]) => ({
    name: `${expected(300_000) ? 'gives' : 'gives the whole body for'} a range ${what}`,
    async run(context) {
      for (const size of [100, 300_000]) {
        const key = keyOf('image', `${size}`);
        const body = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
        await put(context, key, body);
        await assertRange(context.store, { key, request, range: expected(size), body });
      }
    },
  }));
}

async function assertRange(
  store: CacheStore,
  wanted: { key: EntryKey; request: RangeRequest; range: ByteRange | undefined; body: Buffer },
): Promise<void> {
  const { key, request, range, body } = wanted;
  const answer = await store.read(key, { range: request });
  assertEqual(requireEntry(answer).range, range, `range of ${body.byteLength} bytes that read() says its body has`);
  assertEqual(requireEntry(answer).meta.size, body.byteLength, 'size of the entry, of which a range was read');
  assertBody(await bytesOf(answer), range ? body.subarray(range.start, range.end + 1) : body);
}
