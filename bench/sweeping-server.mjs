// A server with a cache in files that it can sweep, in a process of its own. Answers the parent's questions over IPC.
import * as lmdb from 'lmdb';
import { opendir, stat, unlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { createImageCache, filesystemStore } from 'nestjs-image-cache';
import { systemClock } from '../libs/image-cache/dist/common/system-clock.js';
import { DirectorySpace } from '../libs/image-cache/dist/stores/filesystem/index/directory-space.js';
import { EntryIndex } from '../libs/image-cache/dist/stores/filesystem/index/entry-index.js';
import { IndexTables } from '../libs/image-cache/dist/stores/filesystem/index/index-tables.js';
import { directorySize } from '../libs/image-cache/dist/stores/filesystem/space/free-space.js';
import { Pruner } from '../libs/image-cache/dist/stores/filesystem/space/pruner.js';
import { FileCache } from './file-cache.mjs';

const [, , directory, files, began] = process.argv;
const known = new FileCache({ directory, files: Number(files), began: Number(began) });
const cache = await createImageCache({ variant: { store: filesystemStore({ directory }), ttl: '30d' } });
let tables;

/** All files, as whoever has no index finds them. */
async function* walk(from) {
  for await (const child of await opendir(from)) {
    const path = join(from, child.name);
    if (child.isDirectory()) yield* walk(path);
    else yield { path, at: (await stat(path)).mtimeMs };
  }
}

async function collect() {
  const found = [];
  for await (const file of walk(join(directory, 'image'))) found.push(file);
  return found;
}

/** Takes entries into an index beside the cache. */
function enter(entries) {
  const directories = new DirectorySpace({ layout: known.layout, size: directorySize(directory) });
  tables ??= IndexTables.open(lmdb, `${directory}-index`, { directories });
  for (let start = 0; start < entries.length; start += 1000) {
    tables.transaction(() => {
      for (const each of entries.slice(start, start + 1000)) new EntryIndex(tables).put(known.entry(each));
    });
  }
}

const tasks = {
  idle: async ({ duration }) => {
    await setTimeout(duration);
    return { count: 0 };
  },
  sweep: async ({ rate }) => {
    const { steps } = await cache.sweep({ steps: ['expired'], ...(rate && { rate }) });
    return { count: steps[0].examined };
  },
  walk: async () => ({ count: (await collect()).length }),
  /** Tells the index of all, or of those that were written again. */
  enter: async ({ oldest = known.files }) => {
    enter(known.oldest(oldest));
    return { count: oldest };
  },
  'prune by index': async ({ count }) => {
    const pruner = new Pruner({
      layout: known.layout,
      index: () => new EntryIndex(tables),
      clock: systemClock,
      report() {},
    });
    const { entries } = await pruner.prune((pruned) => ({ bytes: 0, entries: count - pruned.entries }));
    return { count: entries };
  },
  'prune by walking': async ({ count }) => {
    const found = await collect();
    const oldest = found.sort((one, other) => one.at - other.at).slice(0, count);
    for (const { path } of oldest) await unlink(path);
    return { count: oldest.length };
  },
  purge: async () => {
    const { variants, completed } = await cache.purge();
    return { count: variants + ((await completed)?.variants ?? 0) };
  },
};

const delay = monitorEventLoopDelay({ resolution: 1 });

/** Does some work and tells what it took, of time and of all processors, and how late timers were; milliseconds. */
async function watch(work) {
  await setTimeout(50);
  delay.reset();
  delay.enable();
  const before = process.cpuUsage();
  const started = performance.now();
  const result = await work();
  const duration = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  await setTimeout(10);
  delay.disable();
  return {
    ...result,
    duration,
    cpu: (user + system) / 1000,
    mean: delay.mean / 1e6,
    p99: delay.percentile(99) / 1e6,
    longest: delay.max / 1e6,
  };
}

const server = createServer((_, response) => response.end('picture'));
server.listen(0, '127.0.0.1', () => {
  process.on('message', async ({ task, ...options }) => process.send(await watch(() => tasks[task](options))));
  process.send({ port: server.address().port });
});
