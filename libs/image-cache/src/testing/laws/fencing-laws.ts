import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { CacheStore, CommitBody, Reservation } from '../../ports/cache-store.js';
import type { EntryKey, Evicted, Kind } from '../../ports/entry.js';
import { assertBody, assertEqual, requireFenced, requirePublished } from './assertions.js';
import { assertAbsent, assertEmpty } from './contents.js';
import {
  bodyLabelled,
  inTheMiddle,
  keyOf,
  newMeta,
  put,
  readWhole,
  stoppingStream,
  streamOf,
  together,
} from './fixtures.js';
import type { CacheStoreLaw } from './law.js';

interface Eviction {
  readonly name: string;
  readonly evict: (store: CacheStore, key: EntryKey) => Promise<Evicted>;
}

/** The ways to evict an entry. */
export const EVICTIONS: readonly Eviction[] = [
  { name: 'the entry', evict: (store, key) => store.delete(key) },
  { name: 'the image', evict: (store, { group }) => store.deleteGroup(group) },
  {
    name: 'the image in this generation',
    evict: async (store, { group }) => store.deleteGroup(group, { ifGeneration: await store.generation(group) }),
  },
  { name: 'everything of its kind', evict: (store, { kind }) => store.clear(kind) },
  { name: 'everything', evict: (store) => store.clear() },
];

const KINDS: readonly Kind[] = ['info', 'variant', 'source'];

/** An eviction ends the right to publish what was read before it. */
export const fencingLaws: readonly CacheStoreLaw[] = [
  ...EVICTIONS.flatMap((eviction) => [fence(eviction), fenceInTheMiddle(eviction), fenceOfOne(eviction)]),
  ...EVICTIONS.map(({ name, evict }): CacheStoreLaw => ({
    name: `begins a new generation of an image when ${name} is evicted`,
    async run(context) {
      const { store } = context;
      const key = keyOf('image');
      const before = await store.generation(key.group);
      await put(context, key, Buffer.from('body'));
      await readWhole(store, key);
      await store.touch([{ key, at: context.clock.now() + 1, hits: 1 }]);
      const generation = await store.generation(key.group);
      assert.ok(generation === before, 'generation() changes by a commit, a read or a touch');
      const reserved = (await store.reserve(key)).generation;
      assertEqual(reserved, before, 'generation of a reservation, beside that of generation()');
      await evict(store, key);
      const after = await store.generation(key.group);
      assert.ok(after !== before, `generation() is the same after ${name} was evicted`);
      await evict(store, key);
      const again = await store.generation(key.group);
      assert.ok(
        again !== after,
        `generation() is the same after ${name} was evicted that was not there: it counts, too`,
      );
    },
  })),
  {
    name: 'lets the renders of other images be published when an image is evicted',
    async run(context) {
      const { store } = context;
      const other = keyOf('other image');
      const before = await store.generation(other.group);
      const reservation = await store.reserve(other);
      await store.deleteGroup(keyOf('image').group);
      requirePublished(await reservation.commit({ body: Buffer.from('body') }, newMeta(context)));
      const after = await store.generation(other.group);
      assert.ok(after === before, 'generation() of an image changes when another image is evicted');
    },
  },
  {
    name: 'evicts an image in its generation only, so that what was rendered since stays',
    async run(context) {
      const { store } = context;
      const key = keyOf('image');
      await put(context, key, Buffer.from('old'));
      const ifGeneration = await store.generation(key.group);
      await store.deleteGroup(key.group, { ifGeneration });
      await assertAbsent(store, key);
      await put(context, key, Buffer.from('new'));
      const { bytes, variants } = await store.deleteGroup(key.group, { ifGeneration });
      assertEqual({ bytes, variants }, { bytes: 0, variants: 0 }, 'what deleteGroup() evicts of another generation');
      assertBody(await readWhole(store, key), Buffer.from('new'));
    },
  },
  {
    name: 'evicts an image once when several ask for it in the same generation',
    async run(context) {
      const { store } = context;
      const key = keyOf('image');
      await put(context, key, Buffer.from('old'));
      const ifGeneration = await store.generation(key.group);
      const losers = Array.from({ length: 8 }, async () => {
        await store.deleteGroup(key.group, { ifGeneration });
        return store.generation(key.group);
      });
      const told = await Promise.all(losers);
      assert.ok(new Set(told).size === 1, 'the generation changed more than once');
      assert.ok(told[0] !== ifGeneration, 'generation() is the same after the image was evicted');
      await assertAbsent(store, key);
    },
  },
];

function fence({ name, evict }: Eviction): CacheStoreLaw {
  return {
    name: `fences a write that was reserved before ${name} was evicted`,
    async run(context) {
      const { store } = context;
      for (const kind of KINDS) {
        const key = keyOf('image', 'a', kind);
        await put(context, key, Buffer.from('stored'));
        const buffered = await store.reserve(key);
        const streamed = await store.reserve(key);
        const written = await store.reserve(key);
        if (written.file !== undefined) await writeFile(written.file, 'old');
        await evict(store, key);
        const after = `${name} was evicted`;
        requireFenced(await buffered.commit({ body: Buffer.from('old') }, newMeta(context)), after);
        const stream = streamOf('old');
        requireFenced(await streamed.commit({ body: stream }, newMeta(context)), after);
        assert.ok(
          stream.destroyed,
          "commit() answers 'fenced' and neither reads its stream to the end nor destroys it",
        );
        if (written.file !== undefined) requireFenced(await written.commit({ file: true }, newMeta(context)), after);
        await assertEmpty(store, [key]);
      }
    },
  };
}

function fenceInTheMiddle({ name, evict }: Eviction): CacheStoreLaw {
  return {
    name: `fences a write that is under way while ${name} is evicted, and lets later ones pass`,
    async run(context) {
      const { store } = context;
      for (const kind of KINDS) {
        const key = keyOf('image', 'a', kind);
        const old = await store.reserve(key);
        const stopping = stoppingStream(bodyLabelled('old', 300_000));
        const commit = old.commit({ body: stopping.stream }, newMeta(context));
        const outcome = await inTheMiddle(commit, stopping, async () => {
          await evict(store, key);
          await put(context, key, Buffer.from('new'));
        });
        requireFenced(outcome, `${name} was evicted while its body came in`);
        assertBody(await readWhole(store, key), Buffer.from('new'));
        await store.clear();
      }
    },
  };
}

/** Whoever commits while it is evicted: either it is fenced, or it was there first and is evicted. */
function fenceOfOne({ name, evict }: Eviction): CacheStoreLaw {
  return {
    name: `leaves nothing when commits meet an eviction of ${name}`,
    async run(context) {
      const { store } = context;
      const key = keyOf('image');
      for (let round = 0; round < 20; round += 1) {
        const reservations: Reservation[] = [];
        for (let writer = 0; writer < 4; writer += 1) reservations.push(await store.reserve(key));
        const body: CommitBody = { body: bodyLabelled('old', 20_000) };
        const commits = reservations.map((each) => each.commit(body, newMeta(context)));
        const evictThen = async (): Promise<void> => {
          for (let turn = 0; turn < round; turn += 1) await Promise.resolve();
          if (round % 2 === 1) await new Promise(setImmediate);
          await evict(store, key);
        };
        await together([...commits, evictThen()]);
        await assertAbsent(store, key);
      }
    },
  };
}
