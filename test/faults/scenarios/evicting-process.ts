import { createInterface } from 'node:readline';
import { openFiles } from '../../support/filesystem-store.js';
import { variantOf } from '../../support/stores.js';

// Evicts its own images one after the other while others do the same, and tells whose evictions it has learnt of.
const [directory = '', writer = '', count = ''] = process.argv.slice(2);
const { store, incidents } = await openFiles(directory);
const learnt = new Map<string, number>();
store.bus?.subscribe((eviction) => {
  const group = 'group' in eviction ? eviction.group : 'anything';
  learnt.set(group, (learnt.get(group) ?? 0) + 1);
});
const groupsOf = (name: string): string[] =>
  Array.from({ length: Number(count) }, (_, index) => variantOf(`${name} ${index}`).group);
const failures: string[] = [];

async function evictAll(): Promise<void> {
  const groups = groupsOf(writer);
  const work = async (): Promise<void> => {
    for (let group = groups.pop(); group !== undefined; group = groups.pop())
      await store.deleteGroup(group).catch((error: unknown) => failures.push(String(error)));
  };
  await Promise.all([work(), work(), work()]);
}

process.stdout.write('"ready"\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [task, ...others] = JSON.parse(line) as [string, ...string[]];
  if (task === 'evict') await evictAll();
  await store.bus?.poll?.();
  const expected = others.flatMap(groupsOf);
  const told = {
    missed: expected.filter((group) => !learnt.has(group)).length,
    twice: expected.filter((group) => (learnt.get(group) ?? 0) > 1).length,
    own: groupsOf(writer).filter((group) => learnt.has(group)).length,
    anything: learnt.get('anything') ?? 0,
    failures,
    incidents: incidents.map(({ message }) => message),
  };
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
