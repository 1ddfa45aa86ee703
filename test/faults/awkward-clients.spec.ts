import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { connectRaw, type RawClient } from '../support/raw-client.js';
import { LARGE } from '../support/served-pictures.js';
import { startServing, type Serving } from '../support/serving.js';
import { PLATFORMS } from '../support/test-app.js';

const CROWD = 100;

/** What a client that does not read may hold, in bytes: some chunks on their way through a stream. */
const STREAM_BUFFERS = 400_000;

/** What the work of a test takes, whoever asks. */
const WORK = 60_000_000;

const large = '/pictures/large/l';

describe.each(PLATFORMS)('clients of a server on %s', (platform) => {
  let directory: TestDirectory;
  let server: Serving;
  let clients: RawClient[];

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
    clients = [];
    const render = { concurrency: 2, queue: 200, timeout: '10m' } as const;
    server = await startServing(platform, { directory: directory.path, cache: { render } });
  });

  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    server.kill();
    await directory.remove();
  });

  const keep = async (...paths: readonly string[]): Promise<void> => {
    const { stats } = await server.state();
    for (const path of paths) await server.get(path);
    await server.becomes((state) => {
      expect(state.stats.stored).toBe(stats.stored + paths.length);
      expect(state).toMatchObject({ descriptors: 0, connections: 0, temporary: 0 });
    });
  };

  const client = async (...paths: readonly string[]): Promise<RawClient> => {
    const made = await connectRaw(server.port);
    clients.push(made);
    made.send(...paths);
    return made;
  };

  const crowd = (path: string, size = CROWD): Promise<RawClient[]> =>
    Promise.all(Array.from({ length: size }, () => client(path)));

  /** Waits until nothing is held for anybody. */
  const nothingIsHeld = (): Promise<void> =>
    server.becomes(({ stats, descriptors, connections, temporary }) => {
      expect({ descriptors, connections, temporary }).toEqual({ descriptors: 0, connections: 0, temporary: 0 });
      expect(stats.rendering).toEqual({ running: 0, waiting: 0 });
    });

  describe('that are slow', () => {
    it('hold the file that they are sent, and some chunks of it', async () => {
      await keep(large, '/pictures/kept/k');
      const before = await server.state();
      const slow = await crowd(large);
      await Promise.all(slow.map(({ begun }) => begun()));
      const { stats, descriptors, rss } = await server.state();
      expect(stats.rendering).toEqual({ running: 0, waiting: 0 });
      expect(descriptors).toBe(CROWD);
      expect(rss - before.rss).toBeLessThan(WORK + CROWD * STREAM_BUFFERS);
      expect((await server.get('/pictures/kept/k')).headers['cache-status']).toContain('; hit');
      expect((await server.get('/pictures/large/m')).body.byteLength).toBe(LARGE);
      for (const { socket } of slow) socket.destroy();
      await nothingIsHeld();
    });

    it('hold one file for all of them when it is rendered for them', async () => {
      await keep('/pictures/kept/k');
      const before = await server.state();
      const slow = await crowd(large);
      await Promise.all(slow.map(({ begun }) => begun()));
      await server.becomes(({ stats, temporary, descriptors }) => {
        expect(stats.rendering).toEqual({ running: 0, waiting: 0 });
        expect({ stored: stats.stored, renders: stats.renders }).toEqual({ stored: 2, renders: 2 });
        expect({ temporary, descriptors }).toEqual({ temporary: 0, descriptors: 1 });
      });
      const { rss } = await server.state();
      expect(rss - before.rss).toBeLessThan(WORK + CROWD * STREAM_BUFFERS);
      for (const { socket } of slow) socket.destroy();
      await nothingIsHeld();
    });
  });

  describe('that vanish midway', () => {
    it.each([
      ['close their sockets', (each: RawClient) => each.socket.destroy()],
      ['reset their connections', (each: RawClient) => each.socket.resetAndDestroy()],
    ])('and %s leave nothing of a hit, nor of a miss', async (_, vanish) => {
      await keep(large);
      for (const path of [large, '/pictures/large/new']) {
        const some = await crowd(path, 20);
        await Promise.all(some.map(({ begun }) => begun()));
        for (const each of some) vanish(each);
        await nothingIsHeld();
      }
      const waiting = await Promise.all(Array.from({ length: 20 }, (_each, id) => client(`/pictures/gated/${id}`)));
      await server.becomes(({ stats }) => {
        expect(stats.rendering).toEqual({ running: 2, waiting: 18 });
      });
      for (const each of waiting) vanish(each);
      await server.becomes(({ stats, connections }) => {
        expect({ ...stats.rendering, connections }).toEqual({ running: 2, waiting: 0, connections: 0 });
      });
      server.finish('all');
      await nothingIsHeld();
    });
  });

  describe('that send requests without waiting for answers', () => {
    const many = (path: string, count: number): string[] => Array.from({ length: count }, () => path);

    it('have one file open at a time, and leave none', async () => {
      await keep(large);
      const before = await server.state();
      const hasty = await client(...many(large, 50));
      await hasty.begun();
      await server.becomes(({ stats }) => {
        expect(stats.tiers.variant.hits).toBe(before.stats.tiers.variant.hits + 1);
      });
      const { descriptors, rss } = await server.state();
      expect(descriptors).toBe(1);
      expect(rss - before.rss).toBeLessThan(WORK);
      hasty.socket.destroy();
      await nothingIsHeld();
      expect((await server.state()).stats.tiers.variant.hits).toBe(before.stats.tiers.variant.hits + 1);
    });

    it('hold no pictures in memory that are not sent yet', async () => {
      await keep('/pictures/middle/m');
      const before = await server.state();
      const hasty = await client(...many('/pictures/middle/m', 500));
      await hasty.begun();
      const other = await client('/pictures/middle/m');
      await other.begun();
      expect((await server.state()).rss - before.rss).toBeLessThan(WORK);
      hasty.socket.destroy();
    });

    it('have one render at a time, and those that are left are not rendered when they leave', async () => {
      const hasty = await client(...Array.from({ length: 10 }, (_, id) => `/pictures/gated/${id}`));
      await server.becomes(({ begun }) => {
        expect(begun).toEqual(['0']);
      });
      server.finish(1);
      await server.becomes(({ begun, stats }) => {
        expect(begun).toEqual(['0', '1']);
        expect(stats.rendering).toEqual({ running: 1, waiting: 0 });
      });
      hasty.socket.destroy();
      server.finish('all');
      await nothingIsHeld();
      expect((await server.state()).begun).toEqual(['0', '1']);
    });

    it('are refused when too many wait, and their connection is closed', async () => {
      const hasty = await client(...many('/pictures/gated/g', 500));
      server.finish('all');
      const answers = (await hasty.rest()).toString('latin1').split('HTTP/1.1 ').slice(1);
      expect(answers.map((answer) => answer.slice(0, 3))).toEqual([...many('200', 65), '429']);
      expect(answers.at(-1)).toMatch(/\r\nretry-after: 1\r\n/i);
      expect(answers.at(-1)).toMatch(/\r\nconnection: close\r\n/i);
      await nothingIsHeld();
      expect((await server.state()).stats.limited).toBeGreaterThan(0);
    });

    it('wait behind what is not cached, too', async () => {
      await keep(large);
      const { stats } = await server.state();
      const hasty = await client('/pictures/plain/p', ...many(large, 20));
      await server.becomes(({ begun }) => {
        expect(begun).toEqual(['p']);
      });
      hasty.socket.destroy();
      server.finish('all');
      await nothingIsHeld();
      expect((await server.state()).stats.tiers.variant.hits).toBe(stats.tiers.variant.hits);
    });

    it('get their answers whole and in their order', async () => {
      await keep(large);
      const hasty = await client(large, '/pictures/kept/a', '/nothing', '/pictures/gated/g', large);
      server.finish('all');
      hasty.socket.write('GET /pictures/kept/last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      const answers = (await hasty.rest()).toString('latin1').split('HTTP/1.1 ').slice(1);
      expect(answers.map((answer) => answer.slice(0, 3))).toEqual(['200', '200', '404', '200', '200', '200']);
      const lengths = answers.map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4).length);
      expect(lengths).toEqual([LARGE, 15_000, lengths[2], 15_000, LARGE, 15_000]);
    });
  });

  describe('that close their side behind the request', () => {
    it.each([large, '/pictures/large/new'])('hold nothing when they have been sent %s', async (path) => {
      await keep(large);
      const halves = await Promise.all(Array.from({ length: 20 }, () => connectRaw(server.port)));
      clients.push(...halves);
      for (const half of halves) {
        half.send(path);
        half.socket.end();
      }
      await Promise.all(halves.map(({ rest }) => rest()));
      await nothingIsHeld();
    });

    it('hold no place in the queue', async () => {
      const halves = await Promise.all(Array.from({ length: 20 }, () => connectRaw(server.port)));
      clients.push(...halves);
      for (const [id, half] of halves.entries()) {
        half.send(`/pictures/gated/${id}`);
        half.socket.end();
      }
      await server.becomes(({ begun, stats }) => {
        expect(stats.rendering.waiting).toBe(0);
        expect(begun.length).toBeLessThanOrEqual(2);
      });
      server.finish('all');
      for (const { socket } of halves) socket.destroy();
      await nothingIsHeld();
    });
  });
});
