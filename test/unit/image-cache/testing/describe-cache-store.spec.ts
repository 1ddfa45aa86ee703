import { describe, expect, it } from '@jest/globals';
import { heapStore, type CacheStore, type StoreContext } from 'nestjs-image-cache';
import { cacheStoreLaws, describeCacheStore, tryLaw, type CreatedStore } from 'nestjs-image-cache/testing';
import { AssertionError } from 'node:assert';
import { runChild } from '../../../support/child-process.js';
import * as faults from '../../../support/faulty-stores.js';

const create = (context: StoreContext): CreatedStore => ({ store: heapStore()(context) });

type Failures = ReadonlyMap<string, unknown>;

/** The laws that a store breaks, with what they fail with. */
async function brokenLaws(makes: (context: StoreContext) => CreatedStore): Promise<Failures> {
  const failures = new Map<string, unknown>();
  for (const { name, run } of cacheStoreLaws) {
    if (/20 MB|2,000|large body|while it is read|that is open/.test(name)) continue;
    await tryLaw({ name, run }, { create: makes }).catch((error: unknown) => failures.set(name, error));
  }
  return failures;
}

/** Two stores of their own, each of which says that it is shared. */
function makeTwo(Fault: faults.Faulty, context: StoreContext): CreatedStore {
  const another = (): CacheStore => new Fault(heapStore()(context), context.clock);
  return { store: another(), another };
}

describe('describeCacheStore', () => {
  it('runs one test for each law, with whatever runner it is given', () => {
    const told: string[] = [];
    const runner = {
      describe: (name: string, body: () => void) => {
        told.push(name);
        body();
      },
      it: (name: string) => told.push(name),
    };
    describeCacheStore('my store', { create }, runner);
    expect(told).toEqual(['my store as a cache store', ...cacheStoreLaws.map(({ name }) => name)]);
    expect(new Set(told).size).toBe(told.length);
  });

  it('leaves out the laws that a store is exempt from, and refuses names that no law has', () => {
    const [exempted = ''] = cacheStoreLaws.map(({ name }) => name);
    const told: string[] = [];
    const runner = {
      describe: (_: string, body: () => void) => {
        body();
      },
      it: (name: string) => told.push(name),
    };
    describeCacheStore('my store', { create, exempt: [exempted] }, runner);
    expect(told).toHaveLength(cacheStoreLaws.length - 1);
    expect(told).not.toContain(exempted);
    expect(() => {
      describeCacheStore('my store', { create, exempt: ['keeps still'] }, runner);
    }).toThrow('keeps still');
  });

  it.each<[string, faults.Faulty, RegExp]>([
    ['does not evict', faults.NeverEvicting, /fences a write.*the image/],
    ['evicts an image whatever its generation is', faults.EvictingInAnyGeneration, /in its generation only/],
    ['evicts more than the image', faults.EvictingTooMuch, /hashes begin alike/],
    ['does not end reservations', faults.NeverFencing, /fences a write/],
    ['takes no streams', faults.RefusingStreams, /while it is being written/],
    ['gives other bodies than were committed', faults.HalvingBodies, /at one stroke/],
    ['lists in an order in which it cannot go on', faults.ListingBackwards, /goes on behind/],
    ['lists from the start whatever the cursor is', faults.ListingFromTheStart, /lists all kinds, or one/],
    ['lists all images when asked for one', faults.ListingAllImages, /the entries of one image/],
    ['loses accesses', faults.LosingAccesses, /the later of two accesses/],
    ['loses the access that a copy brings along', faults.LosingAccessesOfCopies, /a copy brings along/],
    ['sends bodies to who has them', faults.AlwaysSendingBodies, /when the caller has it/],
    ['gives leases to all', faults.LeasingToAll, /a lease to one of many/],
    ['keeps leases when their entries are evicted', faults.LeasingBeyondEvictions, /ends the lease.*its image/],
    ['sweeps writes that are under way', faults.SweepingAll, /maintains itself/],
    ['is shared in name only', faults.Shared, /another store at its place publishes/],
    ['is evicted in one process only', faults.Shared, /another store at its place has evicted/],
    ['never hears of the evictions of others', faults.Deaf, /learns by its bus/],
    ['forgets everything', faults.Shared, /where it is persistent/],
  ])('finds a store out that %s, and says in words what is wrong', async (_, Fault, law) => {
    const failures = await brokenLaws((context) => makeTwo(Fault, context));
    expect([...failures.keys()].filter((name) => law.test(name))).not.toEqual([]);
    for (const [name, error] of failures) {
      if (!(error instanceof AssertionError)) continue;
      expect([name, error.generatedMessage]).toEqual([name, false]);
      expect(error.message.length).toBeLessThan(2000);
    }
  });

  it('asks for another store at the same place where one says that it is shared', async () => {
    const failures = await brokenLaws((context) => ({ store: new faults.Shared(heapStore()(context), context.clock) }));
    const messages = [...failures.values()].map((error) => (error as Error).message);
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) expect(message).toContain('let `create` answer with `another`');
  });

  it('leaves no rejection behind a broken law that would end the process', async () => {
    const { end } = runChild('unit/image-cache/testing/broken-laws-process.ts', []);
    const [names] = (await end()) as [string[]];
    expect(names).toContain('replaces a body at one stroke: who reads meanwhile gets a whole one');
  });

  it('finds nothing wrong with a store that does as it should', async () => {
    expect([...(await brokenLaws(create)).keys()]).toEqual([]);
  });
});
