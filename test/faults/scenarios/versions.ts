import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** Bytes of a number. */
const NUMBER = 4;

/** How often each process has changed something: of two states of a thing, none of these is lower in the later one. */
export type Version = readonly number[];

/** What {@link Versions} depend on. */
export interface VersionsOptions {
  /** Shared by the processes; empty at first. */
  readonly path: string;
  readonly processes: number;
  /** Number of this process, from 0. */
  readonly me: number;
}

/**
 * The versions of sources that several processes change, and the oldest versions that may still be read. Every process
 * has numbers of its own, which it alone writes, so that nobody has to wait for anybody.
 */
export class Versions {
  readonly #options: VersionsOptions;
  readonly #file: number;
  /** Changes of this process, by thing. */
  readonly #changes = new Map<number, number>();
  /** Those of which nothing older may be read any more. */
  readonly #floors = new Map<number, number>();

  constructor(options: VersionsOptions) {
    this.#options = options;
    this.#file = openSync(options.path, 'r+');
  }

  /** What is at the source now. */
  current(thing: number): Version {
    return this.#read(2 * thing);
  }

  /** What may be read at least, from now on. */
  oldest(thing: number): Version {
    return this.#read(2 * thing + 1);
  }

  /** Changes sources; call what it returns when nothing older can be read any more. */
  change(things: readonly number[]): () => void {
    const changes = things.map((thing) => [thing, this.#raise(this.#changes, thing)] as const);
    for (const [thing, change] of changes) this.#write(2 * thing, change);
    return () => {
      for (const [thing, change] of changes) {
        const floor = Math.max(change, this.#floors.get(thing) ?? 0);
        this.#floors.set(thing, floor);
        this.#write(2 * thing + 1, floor);
      }
    };
  }

  close(): void {
    closeSync(this.#file);
  }

  #raise(counts: Map<number, number>, thing: number): number {
    const count = (counts.get(thing) ?? 0) + 1;
    counts.set(thing, count);
    return count;
  }

  #read(row: number): Version {
    const { processes } = this.#options;
    const bytes = Buffer.alloc(processes * NUMBER);
    readSync(this.#file, bytes, 0, bytes.byteLength, row * bytes.byteLength);
    return Array.from({ length: processes }, (_, each) => bytes.readUInt32LE(each * NUMBER));
  }

  #write(row: number, value: number): void {
    const { processes, me } = this.#options;
    const bytes = Buffer.alloc(NUMBER);
    bytes.writeUInt32LE(value);
    writeSync(this.#file, bytes, 0, NUMBER, (row * processes + me) * NUMBER);
  }
}

/** Whether a version has all the changes of another one. */
export function includes(version: Version, other: Version): boolean {
  return other.every((count, process) => (version[process] ?? 0) >= count);
}
