// Measures what going through the files of a cache costs. By itself, `node bench/sweeps.mjs --files 20000` tells the
// figures as JSON.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './contenders.mjs';
import { FileCache } from './file-cache.mjs';

/** Where the files are, unless it is said: the kind of disk matters more than anything else. */
const BASE = process.env['BENCH_DIRECTORY'] ?? tmpdir();

const ROUNDS = 5;

/** Beyond so many files, what takes many times longer is done once. */
const MANY = 100_000;

/** One of so many entries has to go. */
const PRUNED = 100;

/** Milliseconds between two requests while the event loop is watched. */
const PAUSE = 10;

/** Seconds before now when the first entry was asked for the last time. */
const AGE = 2 * 86_400;

/** What is measured, in this order: in the end nothing is left. */
const TASKS = { passes: measurePasses, prunes: measurePrunes, purges: measurePurges };

/** What going through the files of a cache costs: beside others, and for those who are served meanwhile. */
export async function measureSweeps({ files = 200_000, rounds = ROUNDS, tasks = Object.keys(TASKS) } = {}) {
  const directory = await mkdtemp(join(BASE, 'bench-sweep-'));
  const filesystem = spawnSync('stat', ['-f', '-c', '%T', directory], { encoding: 'utf8' }).stdout.trim();
  const began = Date.now() / 1000 - AGE;
  const make = (name) => new FileCache({ directory: join(directory, name), files, began }).create();
  const cache = await make('cache');
  const server = await start(cache);
  const measured = new Map();
  for (const task of tasks) measured.set(task, await TASKS[task]({ server, cache, make, files, rounds }));
  await server.stop();
  await rm(directory, { recursive: true });
  const contenders = Object.fromEntries([...measured].map(([task, all]) => [task, summary(all)]));
  return { files, filesystem, ...contenders, delays: delaysOf([...measured.values()].flat()) };
}

/** Looks at all files and removes none: nothing has expired. */
async function measurePasses({ server, cache, files, rounds }) {
  const all = [];
  for (let round = 0; round <= rounds; round += 1) {
    const isSlowOneDue = files <= MANY || round === 1;
    const times = {
      'find -printf': find(cache.directory, ['-printf', '%T@ %s\n']),
      'the sweep': await server.ask('sweep'),
      'the sweep, half of the time': await server.ask('sweep', { rate: { share: 0.5 } }),
      ...(isSlowOneDue && { 'opendir and stat': await server.ask('walk') }),
    };
    // The first one fills the caches of the system.
    if (round > 0) all.push(await withIdle(server, times));
  }
  return all;
}

/** The least recently used go. */
async function measurePrunes({ server, cache, files, rounds }) {
  const count = Math.ceil(files / PRUNED);
  await server.ask('enter');
  const all = [];
  for (let round = 0; round < (files > MANY ? 1 : rounds); round += 1) {
    const times = {};
    for (const task of ['prune by index', 'prune by walking']) {
      times[task] = await server.ask(task, { count });
      cache.restore(count);
    }
    await server.ask('enter', { oldest: count });
    all.push(await withIdle(server, times));
  }
  return all;
}

/** Everything goes. */
async function measurePurges({ server, cache, make, files, rounds }) {
  const all = [];
  for (let round = 0; round < (files > MANY ? 1 : Math.min(rounds, 3)); round += 1) {
    if (round > 0) await cache.create();
    const [found, removed] = [await make('found'), await make('removed')];
    const times = {
      'find -delete': find(found.directory, ['-print', '-delete']),
      'rm -rf': run('rm', ['-rf', join(removed.directory, 'image')]),
      purge: await server.ask('purge'),
    };
    times['rm -rf'].count = files - (await readdir(removed.directory, { recursive: true })).filter(isPicture).length;
    for (const { directory } of [found, removed]) await rm(directory, { recursive: true });
    all.push(await withIdle(server, times));
  }
  return all;
}

function isPicture(name) {
  return name.endsWith('.webp');
}

/** What requests take meanwhile is not the task's. */
async function withIdle(server, times) {
  const [longest] = Object.values(times)
    .filter(({ mean }) => mean !== undefined)
    .sort((one, other) => other.duration - one.duration);
  const idle = await server.ask('idle', { duration: Math.min(Math.max(longest.duration, 300), 1000) });
  const share = idle.cpu / idle.duration;
  const own = ([name, each]) => [
    name,
    each.mean === undefined ? each : { ...each, cpu: each.cpu - share * each.duration },
  ];
  return { times: Object.fromEntries(Object.entries(times).map(own)), idle };
}

/** What each one took, and what part of what the first one took in the same rounds. */
function summary(rounds) {
  const names = [...new Set(rounds.flatMap(({ times }) => Object.keys(times)))];
  return names.map((name) => {
    const some = rounds.filter(({ times }) => name in times).map(({ times }) => [times[name], times[names[0]]]);
    const ratio = (field) => median(some.map(([own, first]) => own[field] / first[field]));
    return {
      name,
      rounds: some.length,
      counts: [...new Set(some.map(([own]) => own.count))],
      time: median(some.map(([own]) => own.duration)),
      timeRatio: ratio('duration'),
      cpu: median(some.map(([own]) => own.cpu)),
      cpuRatio: ratio('cpu'),
    };
  });
}

/** How late timers of the server were while it did something, beside when it did nothing in the same rounds. */
function delaysOf(rounds) {
  const watched = rounds.flatMap(({ times, idle }) =>
    Object.entries({ 'nothing but requests': idle, ...times })
      .filter(([, { mean }]) => mean !== undefined)
      .map(([name, own]) => ({ name, own, idle })),
  );
  return [...new Set(watched.map(({ name }) => name))].map((name) => {
    const some = watched.filter((each) => each.name === name);
    const of = (field) => median(some.map(({ own }) => own[field]));
    const ratio = (field) => median(some.map(({ own, idle }) => own[field] / idle[field]));
    return {
      name,
      mean: of('mean'),
      p99: of('p99'),
      longest: of('longest'),
      meanRatio: ratio('mean'),
      p99Ratio: ratio('p99'),
    };
  });
}

/** Runs `find` over the files of a cache; it prints a line for each. */
function find(directory, args) {
  return run('find', [join(directory, 'image'), '-type', 'f', ...args]);
}

/** Runs a program and tells what it took, of time and of all processors, in milliseconds, and the lines it printed. */
function run(command, args) {
  const timed = ['-c', 'TIMEFORMAT="%R %U %S"; time "$@" | wc -l', 'bash', command, ...args];
  const { status, stdout, stderr } = spawnSync('bash', timed, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  const [real, user, system] = stderr.trim().split(' ').map(Number);
  return { count: Number(stdout), duration: real * 1000, cpu: (user + system) * 1000 };
}

/** Starts a server that is asked for a picture again and again. */
async function start({ directory, files, began }) {
  const file = fileURLToPath(new URL('./sweeping-server.mjs', import.meta.url));
  const child = fork(file, [directory, files, began], { env: { ...process.env, UV_THREADPOOL_SIZE: '8' } });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`The server that is measured has ended (${signal ?? code}).`);
  });
  ended.catch(() => {});
  const answered = async () => (await Promise.race([once(child, 'message'), ended]))[0];
  const { port } = await answered();
  const agent = new Agent({ keepAlive: true });
  const requests = setInterval(() => {
    get({ port, agent, host: '127.0.0.1' }, (response) => response.resume()).on('error', () => {});
  }, PAUSE);
  return {
    async ask(task, options = {}) {
      child.send({ task, ...options });
      return answered();
    },
    async stop() {
      clearInterval(requests);
      agent.destroy();
      child.kill();
      await once(child, 'exit');
    },
  };
}

/** How the command line says what is measured. */
export const SWEEP_OPTIONS = {
  files: { type: 'string' },
  rounds: { type: 'string' },
  tasks: { type: 'string' },
};

export function sweepsOf({ files, rounds, tasks }) {
  return {
    ...(files && { files: Number(files) }),
    ...(rounds && { rounds: Number(rounds) }),
    ...(tasks && { tasks: tasks.split(',') }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: SWEEP_OPTIONS });
  console.log(JSON.stringify(await measureSweeps(sweepsOf(values)), null, 2));
}
