// Asks a warm cache for ten times the pictures that it can render, and meanwhile for pictures that it has.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout } from 'node:timers/promises';

/** How many times as much is asked for as can be rendered. */
export const OVERLOAD = 10;

/** Renders that may wait. */
const QUEUE = 20;

/** Pictures that are in the cache, and how often one of them is asked for, per second. */
const KEPT = 20;
const HITS_PER_SECOND = 50;

/** Seconds for which each thing is measured. */
const SECONDS = 6;

/** How often. What has no bounds is still busy with the first round. */
const ROUNDS = { bounded: 3, unbounded: 1 };

/** Measures a server with bounds, and one without. */
export async function measureOverload(directory) {
  const measured = {};
  for (const [kind, rounds] of Object.entries(ROUNDS)) {
    const server = await start(kind, await mkdtemp(join(directory, `${kind}-`)));
    for (let id = 0; id < KEPT; id += 1) await server.get(`kept-${id}`);
    measured[kind] = await measure(server, rounds);
    await server.stop();
  }
  return measured;
}

/** What came of the requests of each round. */
async function measure(server, count) {
  const capacity = await capacityOf(server);
  const hitting = [HITS_PER_SECOND, (index) => server.get(`kept-${index % KEPT}`)];
  const rounds = [];
  for (let round = 0; round < count; round += 1) {
    const [calm] = await atRate(SECONDS, [hitting]);
    await server.told();
    const missing = [OVERLOAD * capacity, (index) => server.get(`overload-${round}-${index}`)];
    const [hits, misses] = await atRate(SECONDS, [hitting, missing]);
    const { rendered } = await server.told();
    rounds.push({ calm, hits, misses, rendered });
  }
  const { rss } = await server.told();
  return { capacity, rounds, rss };
}

/** Renders per second when two clients ask for nothing else. */
async function capacityOf(server) {
  const seconds = 4;
  const end = performance.now() + seconds * 1000;
  let count = 0;
  const client = async (name) => {
    for (let index = 0; performance.now() < end; index += 1) {
      await server.get(`capacity-${name}-${index}`);
      count += 1;
    }
  };
  await Promise.all([client('a'), client('b')]);
  return count / seconds;
}

/**
 * Asks so often per second, whether there are answers or not, and gives for each rate what came of it: milliseconds from
 * when it was time to ask until all was there; what has no answer yet in the end has waited until then.
 */
async function atRate(seconds, rates) {
  const start = performance.now();
  const asked = rates.map(() => []);
  for (let now = start; now < start + seconds * 1000; now = performance.now()) {
    for (const [which, [rate, ask]] of rates.entries()) {
      const due = Math.floor(((now - start) / 1000) * rate) + 1;
      for (let index = asked[which].length; index < due; index += 1)
        asked[which].push(timed(start + (index / rate) * 1000, () => ask(index)));
    }
    await setTimeout(2);
  }
  await setTimeout(1000);
  return asked.map((each) => each.map(({ outcome, since }) => outcome ?? { waits: performance.now() - since }));
}

function timed(since, ask) {
  const asked = { since };
  ask().then(
    ({ status }) => (asked.outcome = { status, ms: performance.now() - since }),
    () => undefined,
  );
  return asked;
}

async function start(kind, directory) {
  const child = fork(fileURLToPath(new URL('./overload-server.mjs', import.meta.url)), [kind, directory, QUEUE], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '8' },
  });
  const [{ port }] = await once(child, 'message');
  const agent = new Agent({ keepAlive: true });
  return {
    get: (id) => get({ agent, port, path: `/pictures/${id}`, host: '127.0.0.1' }),
    /** What it has rendered since it was asked last. */
    async told() {
      child.send('tell');
      return (await once(child, 'message'))[0];
    },
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'exit');
      agent.destroy();
      await rm(directory, { recursive: true });
    },
  };
}

function get(options) {
  return new Promise((resolve, reject) => {
    request(options, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode }));
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}
