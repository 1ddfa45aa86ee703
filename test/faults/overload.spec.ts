import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { startServing, type Serving } from '../support/serving.js';
import type { Answer, OpenRequest } from '../support/http-client.js';
import { PLATFORMS } from '../support/test-app.js';

/** Renders that run and wait at most. */
const RUNNING = 2;
const WAITING = 18;
const CAPACITY = RUNNING + WAITING;

/** Pictures that are in the cache. */
const KEPT = 20;

/** More than the renders and requests of a test need, less than a picture for each of them. */
const GROWTH = 100_000_000;

function names(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

function statuses(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe.each(PLATFORMS)('a warm cache on %s that is asked for ten times what it can render', (platform) => {
  let directory: TestDirectory;
  let server: Serving;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
    const render = { concurrency: RUNNING, queue: WAITING, timeout: '10m' } as const;
    server = await startServing(platform, { directory: directory.path, cache: { render } });
    for (const name of names(KEPT, 'k')) await server.get(`/pictures/kept/${name}`);
    await server.becomes(({ stats }) => {
      expect(stats.stored).toBe(KEPT);
    });
  });

  afterEach(async () => {
    server.kill();
    await directory.remove();
  });

  const ask = (prefix: string, count: number): OpenRequest[] =>
    names(count, prefix).map((name) => server.open(`/pictures/gated/${name}`));

  /** Asks for so many pictures that are not there, and waits until all but those that have a place are refused. */
  const overload = async (prefix: string, count = 10 * CAPACITY) => {
    const { stats } = await server.state();
    const asked = ask(prefix, count);
    await server.becomes(({ stats: { overloaded, rendering } }) => {
      expect(overloaded - stats.overloaded).toBe(count - CAPACITY);
      expect(rendering).toEqual({ running: RUNNING, waiting: WAITING });
    });
    return asked;
  };

  const getKept = (times: number): Promise<Answer[]> =>
    Promise.all(names(times * KEPT, '').map((index) => server.get(`/pictures/kept/k${Number(index) % KEPT}`)));

  const answersOf = (asked: readonly OpenRequest[]): Promise<Answer[]> =>
    Promise.all(asked.map(({ answer }) => answer));

  it('answers hits while no render ends, and refuses what has no place in the queue', async () => {
    const asked = await overload('m');
    const hits = await getKept(20);
    expect(hits.every(({ status, headers }) => status === 200 && headers['cache-status']?.includes('; hit'))).toBe(
      true,
    );
    // No render has ended, and none beyond those that run has begun.
    const { begun, stats, warnings } = await server.state();
    expect(begun).toHaveLength(RUNNING);
    expect(stats.renders).toBe(KEPT);
    expect(warnings).toEqual([]);
    server.finish('all');
    const answers = await answersOf(asked);
    expect(statuses(answers)).toEqual({ 200: CAPACITY, 503: 9 * CAPACITY });
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.every(({ headers }) => headers['retry-after'] === '1')).toBe(true);
    expect(refused.every(({ headers }) => headers['cache-control']?.includes('no-store'))).toBe(true);
  });

  it('renders for those who wait before it renders for nobody', async () => {
    const running = ask('r', RUNNING);
    await server.becomes(({ begun }) => {
      expect(begun).toHaveLength(RUNNING);
    });
    await server.warm(['w0', 'w1']);
    const asked = ask('m', WAITING);
    await server.becomes(({ stats }) => {
      expect(stats.rendering.waiting).toBe(WAITING + 1);
    });
    server.finish(RUNNING + WAITING - 1);
    await server.becomes(({ begun, stats }) => {
      expect(begun.slice(RUNNING)).toEqual(expect.arrayContaining(names(WAITING, 'm')));
      expect(stats.rendering).toEqual({ running: RUNNING, waiting: 0 });
    });
    // The background has the place that nobody else wanted.
    expect((await server.state()).begun.at(-1)).toBe('w0');
    server.finish('all');
    expect(statuses(await answersOf([...running, ...asked]))).toEqual({ 200: CAPACITY });
    await server.becomes(({ begun }) => {
      expect(begun.at(-1)).toBe('w1');
    });
  });

  it('recovers each time: nothing is left behind, and what was refused is rendered', async () => {
    await getKept(1);
    const before = await server.state();
    for (const round of ['a', 'b', 'c']) {
      const asked = await overload(round);
      server.finish(CAPACITY);
      expect(statuses(await answersOf(asked))).toEqual({ 200: CAPACITY, 503: 9 * CAPACITY });
    }
    await server.becomes(({ stats, descriptors, temporary, connections }) => {
      expect(stats.rendering).toEqual({ running: 0, waiting: 0 });
      expect({ descriptors, temporary, connections }).toEqual({ descriptors: 0, temporary: 0, connections: 0 });
      expect(stats.stored).toBe(KEPT + 3 * CAPACITY);
    });
    expect((await server.state()).rss - before.rss).toBeLessThan(GROWTH);
    server.finish('all');
    const later: Answer[] = [];
    for (const name of names(10 * CAPACITY, 'a')) later.push(await server.get(`/pictures/gated/${name}`));
    expect(statuses(later)).toEqual({ 200: 10 * CAPACITY });
    await server.becomes(({ stats }) => {
      expect(stats.stored).toBe(KEPT + 3 * CAPACITY + 9 * CAPACITY);
    });
  });

  it('takes clients that leave the queue out of it at once, for others to have their places', async () => {
    const asked = await overload('m', 3 * CAPACITY);
    const { begun } = await server.state();
    for (const request of asked) request.leave();
    await server.becomes(({ stats, connections }) => {
      expect(stats.rendering).toEqual({ running: RUNNING, waiting: 0 });
      expect(connections).toBe(0);
    });
    const others = ask('n', WAITING);
    await server.becomes(({ stats }) => {
      expect(stats.rendering.waiting).toBe(WAITING);
    });
    server.finish('all');
    expect(statuses(await answersOf(others))).toEqual({ 200: WAITING });
    const after = await server.state();
    expect(after.begun.slice(0, RUNNING)).toEqual(begun);
    expect(after.begun.slice(RUNNING).every((name) => name.startsWith('n'))).toBe(true);
  });
});
