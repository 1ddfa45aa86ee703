import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { assertBody, assertEqual, requireEntry } from './assertions.js';
import { assertEmpty, assertHoldsOnly } from './contents.js';
import {
  bodyLabelled,
  bytesOf,
  forEachAtOnce,
  inTheMiddle,
  keyOf,
  newMeta,
  put,
  readWhole,
  stoppingStream,
} from './fixtures.js';
import type { CacheStoreLaw } from './law.js';

const DAY = 86_400_000;

/** How a store is kept up, and how it ends. */
export const closingLaws: readonly CacheStoreLaw[] = [
  {
    name: 'answers a ping and leaves nothing by it',
    async run({ store }) {
      await store.ping?.();
      await assertEmpty(store, []);
    },
  },
  {
    name: 'leaves entries alone, and writes that are under way, when it maintains itself',
    async run(context) {
      const { store } = context;
      const [present, written] = [keyOf('image'), keyOf('image', 'written')];
      await put(context, present, bodyLabelled('body', 300_000));
      const stopping = stoppingStream(bodyLabelled('written', 300_000));
      const commit = (await store.reserve(written)).commit({ body: stopping.stream }, newMeta(context));
      const outcome = await inTheMiddle(commit, stopping, async () => {
        for (const step of store.features.steps ?? []) {
          const { examined, removed, failed } = (await store.maintain?.(step, { stall: DAY })) ?? {};
          assertEqual(
            { removed, failed },
            { removed: 0, failed: 0 },
            `what maintain('${step}') does where all is well`,
          );
          assert.ok(typeof examined === 'number', `maintain('${step}') does not say how many things it looked at`);
        }
      });
      assert.ok(outcome !== 'fenced', `maintain() with a \`stall\` of a day ends a write that has just begun`);
      await assertHoldsOnly(store, [present, written], []);
    },
  },
  {
    name: 'gives everything back when it is closed, though an eviction is still giving space back',
    timeout: 60_000,
    async run(context) {
      const { store } = context;
      const before = await openFiles();
      const keys = Array.from({ length: 50 }, (_, index) => keyOf(`image ${index}`));
      await forEachAtOnce(keys, 8, (key) => put(context, key, bodyLabelled('body', 200_000)));
      for (const key of keys.slice(0, 5)) {
        await readWhole(store, key);
        await store.read(key, { ifNoneMatch: [(await store.stat(key))?.meta.digest ?? ''] });
        const { body } = requireEntry(await store.read(key));
        if (body instanceof Readable) await new Promise((resolve) => body.destroy().once('close', resolve));
      }
      const evicted = await store.clear();
      await store.close?.();
      await evicted.completed;
      const left = (await openFiles()).filter((file) => !before.includes(file));
      assertEqual(left, [], 'files that are open after close()');
    },
  },
  {
    name: 'ends a body that is open when it is closed: whole, or by an error',
    timeout: 60_000,
    async run(context) {
      const { store } = context;
      const key = keyOf('image');
      const whole = bodyLabelled('body', 20 * 1024 * 1024);
      await put(context, key, whole);
      const answers = [await store.read(key), await store.read(key)];
      const { body } = requireEntry(answers[0]);
      if (body instanceof Readable) await once(body, 'readable');
      await store.close?.();
      for (const answer of answers) {
        const got = await bytesOf(answer).catch(() => undefined);
        if (got !== undefined) assertBody(got, whole);
      }
    },
  },
];

/** The files that this process has open, where the system tells. */
async function openFiles(): Promise<string[]> {
  const directory = '/proc/self/fd';
  const descriptors = await readdir(directory).catch(() => []);
  const targets = await Promise.all(descriptors.map((each) => readlink(join(directory, each)).catch(() => '')));
  return targets.filter(
    (target) => target.startsWith('/') && !target.startsWith('/proc/') && !target.startsWith('/dev/'),
  );
}
