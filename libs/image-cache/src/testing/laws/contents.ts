import assert from 'node:assert/strict';
import type { CacheStore } from '../../ports/cache-store.js';
import type { EntryKey } from '../../ports/entry.js';
import { assertEqual } from './assertions.js';
import { list, nameOf, readWhole } from './fixtures.js';

/** Requires that nothing of an entry can be seen by any call. */
export async function assertAbsent(store: CacheStore, key: EntryKey): Promise<void> {
  await assertUnreadable(store, key);
  if (!store.features.enumerable) return;
  const names = (await list(store)).map((entry) => nameOf(entry.key));
  assert.ok(!names.includes(nameOf(key)), `entries() lists ${nameOf(key)}, which should not be there`);
}

/**
 * Requires that a store holds these entries and nothing else.
 *
 * @param absent what would be there if it were not as it should be; a store that is not enumerable is asked for these
 */
export async function assertHoldsOnly(
  store: CacheStore,
  present: readonly EntryKey[],
  absent: readonly EntryKey[],
): Promise<void> {
  for (const key of present) assert.ok(await readWhole(store, key), `${nameOf(key)} should be there and is not`);
  for (const key of absent) await assertUnreadable(store, key);
  if (!store.features.enumerable) return;
  const listed = await list(store);
  assertEqual(listed.map(({ key }) => nameOf(key)).sort(), present.map(nameOf).sort(), 'what entries() lists');
  assertEqual((await store.usage()).entries, present.length, 'entries that usage() counts');
}

/** Requires that a store holds nothing at all; `absent` as in {@link assertHoldsOnly}. */
export async function assertEmpty(store: CacheStore, absent: readonly EntryKey[]): Promise<void> {
  await assertHoldsOnly(store, [], absent);
  if (store.features.enumerable) assertEqual(await store.usage(), { entries: 0, bytes: 0 }, 'usage() of nothing');
}

async function assertUnreadable(store: CacheStore, key: EntryKey): Promise<void> {
  assert.ok((await store.read(key)) === undefined, `read() finds ${nameOf(key)}, which should not be there`);
  assert.ok((await store.stat(key)) === undefined, `stat() finds ${nameOf(key)}, which should not be there`);
}
