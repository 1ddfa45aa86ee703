import type { Clock } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { PrefetchQueue } from '../../libs/image-cache/src/prefetch/prefetch-queue.js';
import { FileJournal } from '../../libs/image-cache/src/prefetch/queue/file-journal.js';
import { HeapJournal, type Journal } from '../../libs/image-cache/src/prefetch/queue/journal.js';
import { makeDirectory, type TestDirectory } from './directories.js';

/** A queue, and what it is made of. */
export interface OpenQueue {
  readonly queue: PrefetchQueue;
  readonly journal: Journal;
  readonly clock: FakeClock;
  /** What has failed that nobody waited for, and what was found damaged. */
  readonly told: readonly string[];
  /** Another process with the same queue; where it cannot be shared, the same. */
  readonly another: (name: string, options?: QueueSettings) => Promise<PrefetchQueue>;
  readonly close: () => Promise<void>;
}

/** What is said about a queue. */
export interface QueueSettings {
  readonly maxJobs?: number;
  /** A longer log may be taken over from; bytes. */
  readonly short?: number;
  /** Processes that have ended. */
  readonly ended?: readonly string[];
}

/** Opens a queue in a directory. */
export async function openQueue(
  path: string,
  holder: string,
  { clock = new FakeClock(), ...settings }: QueueSettings & { readonly clock?: Clock } = {},
): Promise<{ readonly queue: PrefetchQueue; readonly journal: FileJournal; readonly told: readonly string[] }> {
  const { maxJobs = 1000, short, ended = [] } = settings;
  const told: string[] = [];
  const hasEnded = (name: string): Promise<boolean> => Promise.resolve(ended.includes(name));
  const onError = (what: string): void => void told.push(what);
  const journal = await FileJournal.open({
    path,
    me: holder,
    durable: false,
    hasEnded,
    onDamage: (lines) => told.push(`${lines} damaged`),
    onError,
    ...(short !== undefined && { short }),
  });
  return { queue: new PrefetchQueue({ journal, clock, holder, hasEnded, maxJobs, onError }), journal, told };
}

/** Makes queues of a kind, each empty. */
export const QUEUES: Readonly<Record<string, (settings?: QueueSettings) => Promise<OpenQueue>>> = {
  'in memory': (settings = {}) => {
    const journal = new HeapJournal();
    const clock = new FakeClock();
    const make = (holder: string, { maxJobs = 1000, ended = [] }: QueueSettings = settings): PrefetchQueue => {
      const hasEnded = (name: string): Promise<boolean> => Promise.resolve(ended.includes(name));
      return new PrefetchQueue({ journal, clock, holder, hasEnded, maxJobs, onError: () => undefined });
    };
    const queue = make('me');
    return Promise.resolve({
      queue,
      journal,
      clock,
      told: [],
      another: (name, options) => Promise.resolve(make(name, options)),
      close: () => queue.close(),
    });
  },
  'in files': async (settings = {}) => {
    const directory: TestDirectory = await makeDirectory();
    const clock = new FakeClock();
    const opened: PrefetchQueue[] = [];
    const open = async (name: string, options: QueueSettings = settings) => {
      const made = await openQueue(directory.path, name, { ...options, clock });
      opened.push(made.queue);
      return made;
    };
    const { queue, journal, told } = await open('me');
    return {
      queue,
      journal,
      clock,
      told,
      another: async (name, options) => (await open(name, options)).queue,
      close: async () => {
        for (const each of opened) await each.close();
        await directory.remove();
      },
    };
  },
};
