import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../common/errors.js';
import { isNoRoom } from './log-file.js';

const NAME = 'prefetch.reserve';

/** Bytes: lines for what ends some hundred jobs, takes them out, or empties the queue. */
const SIZE = 64 * 1024;

const ANEW = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Nothing is set aside where there is not so many times as much room. */
const SHARE = 4;

/** Room in a directory that is set aside for when its disk is full. */
export class DiskReserve {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Sets room aside, unless that is done already; returns whether the disk has it. Other trouble is for who writes. */
  async keep(): Promise<boolean> {
    try {
      return (await this.#isThere()) || (await this.#make());
    } catch (error) {
      await this.#remove();
      return !isNoRoom(error);
    }
  }

  /** Gives the room free; returns whether there was some. */
  async spend(): Promise<boolean> {
    return this.#remove();
  }

  /** Another process may have spent it. */
  async #isThere(): Promise<boolean> {
    try {
      return (await stat(this.#path)).size >= SIZE;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async #make(): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.#directory);
    if (bavail * bsize < SHARE * SIZE) return false;
    const file = await open(this.#path, ANEW);
    try {
      // A file system that compresses would give zeros no room.
      await file.writeFile(randomBytes(SIZE));
    } finally {
      await file.close();
    }
    return true;
  }

  async #remove(): Promise<boolean> {
    try {
      await unlink(this.#path);
      return true;
    } catch {
      return false;
    }
  }

  get #path(): string {
    return join(this.#directory, NAME);
  }
}
