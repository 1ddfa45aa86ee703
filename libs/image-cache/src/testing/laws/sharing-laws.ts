import assert from 'node:assert/strict';
import type { Eviction } from '../../ports/cache-bus.js';
import type { EntryKey, ListedEntry } from '../../ports/entry.js';
import { assertBody, assertEqual, requireFenced } from './assertions.js';
import { assertAbsent, assertHoldsOnly } from './contents.js';
import { EVICTIONS } from './fencing-laws.js';
import { bodyLabelled, keyOf, newMeta, put, readWhole, streamOf } from './fixtures.js';
import type { CacheStoreLaw } from './law.js';

/** What holds of several stores at one place, where a store says that its place is shared or persistent. */
export const sharingLaws: readonly CacheStoreLaw[] = [
  {
    name: 'shows what another store at its place publishes and records, where it is shared',
    async run(context) {
      const { store, clock, another } = context;
      if (!store.features.shared) return;
      const other = await another();
      const key = keyOf('image');
      await assertAbsent(other, key);
      for (const label of ['first', 'second']) {
        const body = bodyLabelled(label, 100_000);
        await put(context, key, body);
        assertBody(await readWhole(other, key), body);
      }
      const at = clock.now() + 1000;
      await other.touch([{ key, at, hits: 1 }]);
      assertEqual((await store.stat(key))?.lastAccess, at, 'last access that another store has recorded');
      await assertHoldsOnly(other, [key], []);
    },
  },
  {
    name: 'shows nothing of what another store at its place has evicted, where it is shared',
    async run(context) {
      const { store, another } = context;
      if (!store.features.shared) return;
      const other = await another();
      const key = keyOf('image');
      for (const { evict } of EVICTIONS) {
        await put(context, key, Buffer.from('stored'));
        assertBody(await readWhole(store, key), Buffer.from('stored'));
        await evict(other, key);
        await assertAbsent(store, key);
      }
    },
  },
  {
    name: 'fences a write that was reserved before another store at its place has evicted, where it is shared',
    async run(context) {
      const { store, another } = context;
      if (!store.features.shared) return;
      const other = await another();
      const key = keyOf('image');
      for (const { name, evict } of EVICTIONS) {
        const [buffered, streamed] = [await store.reserve(key), await store.reserve(key)];
        await evict(other, key);
        const after = `another store at the same place has evicted ${name}`;
        requireFenced(await buffered.commit({ body: Buffer.from('late') }, newMeta(context)), after);
        requireFenced(await streamed.commit({ body: streamOf('late') }, newMeta(context)), after);
        await assertAbsent(other, key);
      }
    },
  },
  {
    name: 'begins a new generation of an image when another store at its place evicts it, where it is shared',
    async run(context) {
      const { store, another } = context;
      if (!store.features.shared) return;
      const other = await another();
      const key = keyOf('image');
      const { group } = key;
      await put(context, key, Buffer.from('body'));
      const before = await store.generation(group);
      await other.deleteGroup(group);
      const after = await store.generation(group);
      assert.ok(
        after !== before,
        'generation() is the same after another store at the same place has evicted the image',
      );
    },
  },
  {
    name: 'learns by its bus of what another store at its place evicts, and drops it from memory, where it has a bus',
    async run(context) {
      const { store, another } = context;
      const { bus } = store;
      if (bus?.poll === undefined) return;
      const told: Eviction[] = [];
      bus.subscribe((eviction) => told.push(eviction));
      const other = await another();
      const key = keyOf('image');
      for (const { name, evict } of EVICTIONS) {
        await put(context, key, Buffer.from('stored'));
        assertBody(await readWhole(store, key), Buffer.from('stored'));
        await evict(other, key);
        await bus.poll();
        const isTold = told.splice(0).some((eviction) => concerns(eviction, key));
        assert.ok(isTold, `the bus does not tell that another store at the same place has evicted ${name}`);
        await assertAbsent(store, key);
        await evict(store, key);
        await bus.poll();
        assert.ok(told.length === 0, `the bus tells the store that it has itself evicted ${name}`);
      }
    },
  },
  {
    name: 'has what it had when it is closed and another one is made at its place, where it is persistent',
    async run(context) {
      const { store, clock, another } = context;
      if (!store.features.persistent) return;
      const keys = [keyOf('image'), keyOf('image', 'a', 'info'), keyOf('large')];
      const evicted = keyOf('evicted');
      for (const key of [...keys, evicted]) await put(context, key, bodyLabelled(key.group, bodySize(key)));
      await store.touch([{ key: keyOf('image'), at: clock.now() + 1000, hits: 3 }]);
      await store.deleteGroup(evicted.group);
      const before = await Promise.all(keys.map((key) => store.stat(key)));
      await store.close?.();
      const again = await another();
      await assertHoldsOnly(again, keys, [evicted]);
      const after = await Promise.all(keys.map((key) => again.stat(key)));
      assertEqual(after.map(described), before.map(described), 'what stat() answers after a restart');
    },
  },
];

function concerns(eviction: Eviction, { kind, group, id }: EntryKey): boolean {
  if ('key' in eviction) return eviction.key.group === group && eviction.key.id === id;
  if ('group' in eviction) return eviction.group === group;
  return (eviction.kind ?? kind) === kind;
}

function bodySize({ group }: { readonly group: string }): number {
  return group === keyOf('large').group ? 300_000 : 1000;
}

/** An entry without the cursor, which may be another one in each store. */
function described(entry: ListedEntry | undefined): Omit<ListedEntry, 'cursor'> | undefined {
  if (entry === undefined) return undefined;
  const { key, meta, lastAccess, hits } = entry;
  return { key, meta, lastAccess, ...(hits !== undefined && { hits }) };
}
