import type { CacheStore, EntryKey } from 'nestjs-image-cache';
import { systemClock } from '../../../libs/image-cache/src/common/system-clock.js';
import { infoKey, keyString, variantKey } from '../../../libs/image-cache/src/keys/entry-keys.js';
import { filesystemStore } from '../../../libs/image-cache/src/stores/filesystem/filesystem-store.js';
import { randomOf } from '../../support/random.js';
import { readBody } from '../../support/read-body.js';
import { commitAs, WAYS } from './commit-as.js';
import { describedBody, labelOf } from './self-describing.js';
import { includes, Versions, type Version } from './versions.js';

// Renders, reads and evicts the same few entries as other processes do, while the sources change: each is changed before
// it is evicted, and what is rendered of it tells the version that was found. Tells what has been seen.
const [root = '', path = '', me = '', turns = ''] = process.argv.slice(2);

/** Things done at a time. */
const LANES = 4;

const KEYS: readonly EntryKey[] = ['a', 'b', 'c'].flatMap((identifier) => [
  infoKey(identifier),
  ...['full', 'tile'].map((operations) => variantKey({ identifier, operations, extension: 'jpg' })),
]);

const STEPS = ['abandoned', 'detritus', 'trash', 'reconcile', 'bounds'] as const;

const versions = new Versions({ path, processes: 4, me: Number(me) });
const random = randomOf(Number(me));
const seen = { stored: 0, fenced: 0, read: 0, absent: 0, evicted: 0 };
const problems: string[] = [];

const report = ({ message }: { readonly message: string }): void => void problems.push(message);
const open = filesystemStore({ directory: root, maxSize: '1MB' });
const store: CacheStore = open({ clock: systemClock, maxBufferedEntry: 64 * 1024, report });

async function render(key: EntryKey, thing: number): Promise<void> {
  const way = WAYS[random(WAYS.length)] ?? 'buffer';
  const make = async (): Promise<Buffer> => {
    const label = `${keyString(key)} ${JSON.stringify(versions.current(thing))}`;
    for (let wait = random(10); wait > 0; wait -= 1) await new Promise(setImmediate);
    return describedBody(label, 500 + random(120_000));
  };
  const outcome = await commitAs(way, store, { key, make });
  seen[outcome === 'fenced' ? 'fenced' : 'stored'] += 1;
}

async function read(key: EntryKey, thing: number): Promise<void> {
  const oldest = versions.oldest(thing);
  const body = await readBody(store, key);
  seen[body === undefined ? 'absent' : 'read'] += 1;
  if (body === undefined) return;
  const [name = '', version = '[]'] = labelOf(body)?.split(' ') ?? [];
  if (name !== keyString(key)) problems.push(`${keyString(key)} is spoilt`);
  else if (!includes(JSON.parse(version) as Version, oldest))
    problems.push(`${keyString(key)} is of ${version}, and was evicted before ${JSON.stringify(oldest)}`);
}

async function evict(isOf: (key: EntryKey) => boolean, eviction: () => Promise<unknown>): Promise<void> {
  const things = [...KEYS.keys()].filter((thing) => KEYS.slice(thing, thing + 1).some(isOf));
  const done = versions.change(things);
  await eviction();
  done();
  seen.evicted += 1;
}

/** Changes everything and evicts it; waits until the space has been given back. */
async function purge(kind?: EntryKey['kind']): Promise<void> {
  let completed: Promise<unknown> | undefined;
  await evict(
    (key) => kind === undefined || key.kind === kind,
    async () => ({ completed } = await store.clear(kind)),
  );
  await completed;
}

async function turn(): Promise<void> {
  const thing = random(KEYS.length);
  const key = KEYS[thing] ?? infoKey('a');
  const chance = random(200);
  if (chance < 80) await render(key, thing);
  else if (chance < 176) await read(key, thing);
  else if (chance < 186)
    await evict(
      (each) => each === key,
      () => store.delete(key),
    );
  else if (chance < 191)
    await evict(
      ({ group }) => group === key.group,
      () => store.deleteGroup(key.group),
    );
  else if (chance < 193) await purge(chance === 191 ? undefined : key.kind);
  else if (chance < 197) await store.touch([{ key, at: Date.now(), hits: 1 }]);
  // Unfinished writes of the others that are as young as that are swept too.
  else await store.maintain?.(STEPS[random(STEPS.length)] ?? 'trash', { stall: 5 });
}

const lane = async (): Promise<void> => {
  for (let left = Number(turns); left > 0; left -= 1) {
    await turn().catch((error: unknown) => {
      const isFull = (error as { readonly code?: unknown }).code === 'E_IMAGE_CACHE_STORE_FULL';
      if (!isFull) problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
  }
};

process.stdout.write('"ready"\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
await store.open?.();
await Promise.all(Array.from({ length: LANES }, lane));
await store.close?.();
versions.close();
process.stdin.destroy();
process.stdout.write(`${JSON.stringify({ seen, problems: problems.slice(0, 10) })}\n`);
