import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../support/async.js';
import { DISK } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { describeWithNginx, startBalancer, type FrontCache } from '../support/front-caches.js';
import type { Answer } from '../support/http-client.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { makeImages, type TestImages } from '../support/samples.js';

/** Clients that ask one time after the other. */
const CLIENTS = 6;

/** Requests that are answered between one step of a restart and the next. */
const BETWEEN = 40;

const ROUNDS = 2;

/** What clients got. */
interface Load {
  readonly answered: number;
  readonly failures: readonly string[];
  readonly outcomes: ReadonlySet<string>;
  /** Ends it, and waits for the last answers. */
  readonly stop: () => Promise<void>;
}

/** Bytes of an original that is passed through: what of it is on its way when its server goes, nginx cannot ask again. */
const LARGE = 20_000_000;

/** In turn, what is in the cache and what nobody has asked for; now and then, an original. */
function pathOf(number: number): string {
  if (number % 10 === 0) return '/iiif/3/large.jpg/full/max/0/default.jpg';
  const x = number % 2 === 0 ? 0 : number;
  return `/iiif/3/tiled.tif/${x % 1000},${Math.floor(x / 1000)},500,500/250,/0/default.jpg`;
}

/** Keeps asking. */
function startLoad(front: FrontCache): Load {
  const failures: string[] = [];
  const outcomes = new Set<string>();
  const counts = { asked: 0, answered: 0 };
  let isOver = false;
  const take = (path: string, { status, complete, headers }: Answer): void => {
    counts.answered += 1;
    outcomes.add(String(headers['cache-status']).replace(/; ttl=.*/, ''));
    if (status !== 200 || !complete) failures.push(`${path}: ${status}${complete ? '' : ', cut'}`);
  };
  const client = async (): Promise<void> => {
    while (!isOver) {
      counts.asked += 1;
      const path = pathOf(counts.asked);
      await front.get(path).then(
        (answer) => {
          take(path, answer);
        },
        (error: unknown) => failures.push(`${path}: ${String(error)}`),
      );
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  return {
    get answered() {
      return counts.answered;
    },
    failures,
    outcomes,
    stop: async () => {
      isOver = true;
      await Promise.all(clients);
    },
  };
}

describeWithNginx('two image servers behind nginx', () => {
  let images: TestImages;
  let front: FrontCache;
  let load: Load;

  beforeEach(async () => {
    images = await makeImages(DISK);
    const photo = await readFile(join(images.source, 'photo.jpg'));
    await writeFile(join(images.source, 'large.jpg'), Buffer.concat([photo, Buffer.alloc(LARGE)]));
  });

  afterEach(async () => {
    await load.stop();
    await front.stop();
    await images.remove();
  });

  const start = (port: number): Promise<RunningServer> =>
    startServer({ environment: { ...cachingIn(images.cache, images.source), PORT: String(port) } });

  it('are restarted one after the other, again and again, and no request fails', async () => {
    const port = await freePort();
    const ports = [port, await freePort(port)] as const;
    const servers: RunningServer[] = [];
    for (const each of ports) servers.push(await start(each));
    front = await startBalancer(ports);
    load = startLoad(front);
    const more = async (): Promise<void> => {
      const { answered } = load;
      await until(() => load.answered >= answered + BETWEEN);
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, each] of ports.entries()) {
        await more();
        const { code, signal, stderr } = (await servers[index]?.end('SIGTERM')) ?? {};
        expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
        await more();
        servers[index] = await start(each);
      }
    }
    await more();
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([...load.outcomes].sort()).toEqual(
      expect.arrayContaining(['image-cache; fwd=miss; stored', 'image-cache; hit']),
    );
  }, 300_000);
});
