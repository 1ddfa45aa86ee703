import { link, mkdir, open, readdir, statfs, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ImageCacheError, systemCode } from '../../common/errors.js';
import { LogFile } from './log-file.js';

/** Characters that are written at a time. */
const BLOCK = 256 * 1024;

const LOG = /^prefetch-(\d{12})\.log$/;

const DRAFT = /^prefetch-\d{12}\.(.+)\.draft$/;

/** Attempts to open a log that others take over from at the same time. */
const ATTEMPTS = 100;

/** What a {@link LogDirectory} depends on. */
export interface LogDirectoryOptions {
  readonly path: string;
  /** A name of its own. */
  readonly me: string;
  /** Whether a process has ended for sure. */
  readonly hasEnded: (holder: string) => Promise<boolean>;
}

/** A log, and which one it is. */
export interface OpenedLog {
  readonly log: LogFile;
  readonly generation: number;
}

/** The logs in a directory, each taking over from the one before. Whatever else is there is left alone. */
export class LogDirectory {
  readonly #options: LogDirectoryOptions;

  constructor(options: LogDirectoryOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** Opens the log that goes on; the first one is made. */
  async open(beginning: () => Iterable<string>): Promise<OpenedLog> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      await mkdir(this.path, { recursive: true });
      const generations = (await readdir(this.path)).map((name) => Number(LOG.exec(name)?.[1] ?? 0));
      const generation = generations.reduce((latest, each) => Math.max(latest, each), 0);
      const log = generation === 0 ? undefined : await LogFile.open(this.#logOf(generation));
      if (log !== undefined) return { log, generation };
      if (generation === 0) await this.create(1, beginning());
    }
    throw new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', `${this.path} is taken away again and again.`);
  }

  /**
   * Makes a log with what it begins with, whole or not at all; nothing happens when somebody else has made it. It is on
   * the disk when it can be found: a power cut must not leave an empty one behind.
   */
  async create(generation: number, lines: Iterable<string>): Promise<void> {
    await mkdir(this.path, { recursive: true });
    const draft = join(this.path, `prefetch-${digits(generation)}.${this.#options.me}.draft`);
    try {
      const handle = await open(draft, 'wx');
      try {
        for (const block of inBlocks(lines)) await handle.writeFile(block);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await link(draft, this.#logOf(generation));
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    } finally {
      await removeIfPresent(draft);
    }
  }

  /** Whether there is a log. */
  async has(generation: number): Promise<boolean> {
    const names: readonly string[] = await readdir(this.path).catch(() => []);
    return names.includes(basename(this.#logOf(generation)));
  }

  /** Whether so many bytes have room beside what is there. */
  async hasRoom(bytes: number): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.path);
    return bavail * bsize > bytes;
  }

  /**
   * Removes the logs that others have taken over from, and what processes have left behind that have ended.
   *
   * @throws what the system says of one that stays; the others are gone
   */
  async clearUp(generation: number): Promise<void> {
    const removals = (await readdir(this.path)).map((name) => this.#removeIfOver(name, generation));
    const outcomes = await Promise.allSettled(removals);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  async #removeIfOver(name: string, generation: number): Promise<void> {
    const holder = DRAFT.exec(name)?.[1];
    const isFormer = Number(LOG.exec(name)?.[1] ?? Infinity) < generation;
    const isOver = isFormer || (holder !== undefined && (await this.#options.hasEnded(holder)));
    if (isOver) await removeIfPresent(join(this.path, name));
  }

  #logOf(generation: number): string {
    return join(this.path, `prefetch-${digits(generation)}.log`);
  }
}

function digits(generation: number): string {
  return generation.toString().padStart(12, '0');
}

function* inBlocks(lines: Iterable<string>): Generator<string> {
  let block = '';
  for (const line of lines) {
    block += line;
    if (block.length < BLOCK) continue;
    yield block;
    block = '';
  }
  if (block !== '') yield block;
}

async function removeIfPresent(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
