import type { Command, Got } from '../faults/scenarios/asking-process.js';
import { runChild, type Child, type ChildOptions } from './child-process.js';

/** A process that shares a cache. */
export interface Asking {
  readonly child: Child;
  readonly tell: (command: Command) => void;
  /** Waits until it tells one of these. */
  readonly hear: (...what: readonly string[]) => Promise<Told>;
  /** Waits for what those got who have asked. */
  readonly got: () => Promise<Got>;
}

/** Something that a process tells. */
export type Told = Readonly<Record<string, unknown>>;

/** What a process tells is kept until somebody wants to hear it. */
function listen(child: Child): Asking['hear'] {
  const told: Told[] = [];
  const hearers = new Set<() => void>();
  const read = async (): Promise<never> => {
    for (;;) {
      told.push((await child.next()) as Told);
      for (const hearer of hearers) hearer();
    }
  };
  const ended = read();
  ended.catch(() => undefined);
  return (...what) => {
    const heard = new Promise<Told>((resolve) => {
      const look = (): void => {
        const index = told.findIndex((each) => what.some((name) => name in each));
        if (index < 0) return;
        hearers.delete(look);
        resolve(told.splice(index, 1)[0] ?? {});
      };
      hearers.add(look);
      look();
    });
    return Promise.race([heard, ended]);
  };
}

/** Starts a process that shares the cache in a directory. */
export async function startAsking(directory: string, options: ChildOptions = {}): Promise<Asking> {
  const child = runChild('faults/scenarios/asking-process.ts', [directory], options);
  const hear = listen(child);
  await hear('ready');
  return {
    child,
    hear,
    tell: (command) => {
      child.tell(JSON.stringify(command));
    },
    got: async () => (await hear('got'))['got'] as Got,
  };
}
