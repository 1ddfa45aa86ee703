import { constants } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { ImageCacheError, systemCode } from '../../../common/errors.js';
import { ifPresent, isAbsence, readAt } from '../files/file-access.js';
import { noFile, type EvictionFile, type News } from './eviction-log.js';
import type { Trash } from './trash.js';

/** More than a record, which no other record is like; bytes. */
const HEAD = 1024;

/** Attempts to write a file when others do the same. */
const ATTEMPTS = 32;

/** What a {@link ReplacedFile} depends on. */
export interface ReplacedFileOptions {
  readonly path: string;
  readonly trash: Trash;
  /** Makes sure that the directory is there, and ours. */
  readonly claim: () => Promise<void>;
}

/**
 * A file of evictions on a network share, where two who append may overwrite each other's lines: so each eviction
 * replaces the file, and who finds another one than before has missed something, whatever it was.
 *
 * Opening a file is what makes a client of a share ask the server, so every look does.
 */
export class ReplacedFile implements EvictionFile {
  readonly interval = 1000;
  readonly #options: ReplacedFileOptions;
  /** What was there at the last look. */
  #seen: string | undefined;
  /** Something was there between two looks. */
  #hasMissed = false;

  constructor(options: ReplacedFileOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  async look(): Promise<News> {
    this.#see(await headOf(this.path));
    const news = this.#hasMissed ? 'missed' : [];
    this.#hasMissed = false;
    return news;
  }

  /** Taking the file away shows what somebody else has written since the last look, which a plain rename would hide. */
  async append(line: string): Promise<void> {
    const { trash, claim } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const taken = await trash.take(this.path);
      this.#see(taken && (await headOf(taken)));
      if (taken === undefined) await claim();
      else await trash.remove(taken);
      try {
        await writeFile(this.path, line, { flag: 'wx' });
        this.#seen = line;
        return;
      } catch (error) {
        if (systemCode(error) !== 'EEXIST' && !isAbsence(error)) throw error;
      }
    }
    throw new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', `${this.path} is replaced again and again.`);
  }

  close(): void {
    // nothing is kept open
  }

  #see(found: string | undefined): void {
    this.#hasMissed ||= found !== this.#seen;
    this.#seen = found;
  }
}

/** The first bytes; of a longer file, which one appends to who has it on a disk of its own, its length too. */
async function headOf(path: string): Promise<string | undefined> {
  const handle = await ifPresent(open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
  if (handle === undefined) return undefined;
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw noFile(path);
    const { size } = stat;
    const head = await readAt(handle, 0, Math.min(size, HEAD));
    return size > HEAD ? `${head.toString()}${size}` : head.toString();
  } finally {
    await handle.close();
  }
}
