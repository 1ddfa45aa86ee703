import { createInterface } from 'node:readline';
import type { CacheStore } from 'nestjs-image-cache';
import { systemClock } from '../../../libs/image-cache/src/common/system-clock.js';
import { filesystemStore } from '../../../libs/image-cache/src/stores/filesystem/filesystem-store.js';
import { until } from '../../support/async.js';
import { openDescriptors } from '../../support/open-descriptors.js';
import { randomOf } from '../../support/random.js';
import { Workload } from './workload.js';

// Uses the directories that it is told of, until it is told to pause, or killed. Tells of everything that it has done.
const [seed = '', maxSize = ''] = process.argv.slice(2);

/** Things that it does at a time. */
const LANES = 3;

const TREES = ['image', 'info', 'source', 'trash'];

const random = randomOf(Number(seed));
let store: CacheStore | undefined;
let isRunning = false;
let lanes: Promise<unknown> = Promise.resolve();

function tell(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function open(directory: string): Promise<CacheStore> {
  const report = ({ message }: { readonly message: string }): void => {
    tell({ problem: message });
  };
  const options = { directory, maxSize: Number(maxSize) };
  const opened = filesystemStore(options)({ clock: systemClock, maxBufferedEntry: 64 * 1024, report });
  await opened.open?.();
  return opened;
}

async function work(directory: string): Promise<void> {
  store ??= await open(directory);
  const workload = new Workload(store, random);
  const lane = async (): Promise<void> => {
    while (isRunning) {
      const problem = await workload.turn();
      tell({ problem });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Tells how many files of entries stay open; what goes on in the background may have some for a moment. */
async function pause(directory: string): Promise<void> {
  let open = 0;
  await until(async () => (open = await openDescriptors(directory, TREES)) === 0).catch(() => undefined);
  tell({ open });
}

/** Tells how many files of a directory are still open. */
async function leave(directory: string): Promise<void> {
  await store?.close?.();
  store = undefined;
  tell({ open: await openDescriptors(directory) });
}

tell({ open: 0 });
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Readonly<Record<'go' | 'pause' | 'leave', string | undefined>>;
  isRunning = order.go !== undefined;
  if (order.go !== undefined) lanes = work(order.go);
  else await lanes;
  if (order.pause !== undefined) await pause(order.pause);
  if (order.leave !== undefined) await leave(order.leave);
}
