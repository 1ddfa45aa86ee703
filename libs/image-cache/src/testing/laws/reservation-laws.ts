import { Readable } from 'node:stream';
import { assertBody, assertRejects, requireFenced } from './assertions.js';
import { assertEmpty } from './contents.js';
import { bodyLabelled, breakingStream, keyOf, newMeta, put, readWhole } from './fixtures.js';
import type { CacheStoreLaw } from './law.js';

/** How reservations end that are given back, used twice, or whose body fails. */
export const reservationLaws: readonly CacheStoreLaw[] = [
  {
    name: 'keeps nothing of a reservation that was given back',
    async run(context) {
      const { store } = context;
      const key = keyOf('image');
      const reservation = await store.reserve(key);
      await reservation.abort();
      await reservation.abort();
      requireFenced(await reservation.commit({ body: Buffer.from('late') }, newMeta(context)), 'abort()');
      await assertEmpty(store, [key]);
    },
  },
  {
    name: 'keeps what was committed when the reservation is given back afterwards, and takes no second body',
    async run(context) {
      const key = keyOf('image');
      const reservation = await context.store.reserve(key);
      await reservation.commit({ body: Buffer.from('first') }, newMeta(context));
      await reservation.abort();
      const second = await reservation.commit({ body: Buffer.from('second') }, newMeta(context));
      requireFenced(second, 'another commit() of the same reservation');
      assertBody(await readWhole(context.store, key), Buffer.from('first'));
    },
  },
  ...failingLaws(),
];

/** Commits that fail leave no trace, and what was there before. */
function failingLaws(): readonly CacheStoreLaw[] {
  const body = bodyLabelled('body', 300_000);
  const broken = new Error('the renderer broke off');
  const length = 'E_IMAGE_CACHE_LENGTH_MISMATCH';
  const whole = (): Readable => Readable.from([body], { objectMode: false });
  const breaking = (): Readable => breakingStream(body, broken);
  return [
    failingLaw('a Buffer of another length than was announced', { give: () => body, announced: 1, expected: length }),
    failingLaw('a stream that is shorter than was announced', { give: whole, announced: 300_001, expected: length }),
    failingLaw('a stream that is longer than was announced', { give: whole, announced: 299_999, expected: length }),
    failingLaw('a stream that breaks', { give: breaking, announced: 400_000, expected: broken }),
    failingLaw('a stream that breaks at its end', { give: breaking, announced: 300_000, expected: broken }),
  ];
}

interface FailingCommit {
  readonly give: () => Buffer | Readable;
  readonly announced: number;
  /** The error, or its code. */
  readonly expected: string | Error;
}

function failingLaw(what: string, { give, announced, expected }: FailingCommit): CacheStoreLaw {
  return {
    name: `publishes nothing of ${what}`,
    async run(context) {
      const { store } = context;
      const key = keyOf('image');
      const attempt = async (): Promise<void> => {
        const meta = { ...newMeta(context), announcedLength: announced };
        const commit = (await store.reserve(key)).commit({ body: give() }, meta);
        await assertRejects(commit, expected, `commit() of ${what}`);
      };
      await attempt();
      await assertEmpty(store, [key]);
      await put(context, key, Buffer.from('former'));
      await attempt();
      assertBody(await readWhole(store, key), Buffer.from('former'));
    },
  };
}
