import assert from 'node:assert/strict';
import type { CacheStore } from '../../ports/cache-store.js';
import type { Lease, Leases, LeaseSubject } from '../../ports/lease.js';
import { assertEqual } from './assertions.js';
import { forEachAtOnce, keyOf, put } from './fixtures.js';
import type { CacheStoreLaw, LawContext } from './law.js';

const KEY = keyOf('image');

/** How processes leave work to one another; there is nothing to it where a store has no leases. */
export const leaseLaws: readonly CacheStoreLaw[] = [
  lawOf('gives a lease to one at a time, and to the next one when it is given back', async ({ leases }) => {
    for (const subject of [KEY, 'sweep'] as const) {
      const first = await take(leases, subject);
      await assertHeld(leases, subject);
      await first.release();
      const second = await take(leases, subject);
      await first.release();
      await assertHeld(leases, subject);
      assert.ok(!first.signal.aborted && !second.signal.aborted, 'what was held or given back was lost');
      await second.release();
    }
  }),
  lawOf('gives a lease to one of many who want it at once', async ({ leases }) => {
    for (let turn = 0; turn < 10; turn += 1) {
      const taken: Lease[] = [];
      await forEachAtOnce(Array<LeaseSubject>(20).fill(KEY), 20, async (subject) => {
        const lease = await leases.take(subject);
        if (lease !== undefined) taken.push(lease);
      });
      assertEqual(taken.length, 1, 'how many of 20 who want a lease at once are given it');
      await taken[0]?.release();
    }
  }),
  lawOf('gives leases of different entries and of a sweep side by side', async ({ leases }) => {
    const subjects = [KEY, keyOf('image', 'b'), keyOf('other'), keyOf('image', 'a', 'info'), 'sweep'] as const;
    const taken: Lease[] = [];
    for (const subject of subjects) taken.push(await take(leases, subject));
    for (const lease of taken) await lease.release();
  }),
  lawOf('leases with other stores at its place, where it is shared', async ({ store, leases, another }) => {
    if (!store.features.shared) return;
    const other = await another();
    assert.ok(other.leases, 'another store at the same place has no leases');
    for (const subject of [KEY, 'sweep'] as const) {
      const lease = await take(other.leases, subject);
      await assertHeld(leases, subject);
      await lease.release();
      await (await take(leases, subject)).release();
    }
    const ended = await take(leases, KEY);
    await other.deleteGroup(KEY.group);
    const next = await take(other.leases, KEY);
    await ended.release();
    await assertHeld(leases, KEY);
    await next.release();
  }),
  lawOf('does not count, list or keep a lease with the entries', async (context) => {
    const { leases, store } = context;
    await put(context, KEY, Buffer.from('body'));
    const lease = await take(leases, keyOf('image', 'b'));
    assertEqual((await store.usage()).entries, 1, 'entries that usage() counts beside a lease');
    const { infos, variants } = await store.deleteGroup(KEY.group);
    assertEqual({ infos, variants }, { infos: 0, variants: 1 }, 'entries that deleteGroup() counts beside a lease');
    await lease.release();
    assertEqual(await store.usage(), { entries: 0, bytes: 0 }, 'usage() after a lease was given back');
  }),
  ...Object.entries<(store: CacheStore) => Promise<unknown>>({
    'its entry': (store) => store.delete(KEY),
    'its image': (store) => store.deleteGroup(KEY.group),
    everything: (store) => store.clear(),
  }).map(([what, evict]) =>
    lawOf(`ends the lease of an entry when ${what} is evicted`, async (context) => {
      const { leases, store } = context;
      for (const isThere of [false, true]) {
        if (isThere) await put(context, KEY, Buffer.from('body'));
        const ended = await take(leases, KEY);
        await evict(store);
        const next = await take(leases, KEY);
        await ended.release();
        await assertHeld(leases, KEY);
        await next.release();
      }
    }),
  ),
];

type LeaseContext = LawContext & { readonly leases: Leases };

function lawOf(name: string, run: (context: LeaseContext) => Promise<void>): CacheStoreLaw {
  return {
    name,
    run: async (context) => {
      const { leases } = context.store;
      if (leases !== undefined) await run({ ...context, leases });
    },
  };
}

async function take(leases: Leases, subject: LeaseSubject): Promise<Lease> {
  const lease = await leases.take(subject);
  assert.ok(lease !== undefined, 'nobody holds the lease, and yet it was refused');
  return lease;
}

async function assertHeld(leases: Leases, subject: LeaseSubject): Promise<void> {
  assert.ok((await leases.take(subject)) === undefined, 'a lease that somebody holds was given to another one');
}
