import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { ImageCacheError, systemCode } from '../../../common/errors.js';
import { isAbsence } from '../files/file-access.js';
import { noFile, type EvictionFile, type News } from './eviction-log.js';

/** Symlinks are not followed, and a FIFO in place of a file does not block. */
const SAFE = constants.O_NOFOLLOW | constants.O_NONBLOCK;

const READ = constants.O_RDONLY | SAFE;

const APPEND = constants.O_WRONLY | constants.O_APPEND | SAFE;

const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | SAFE;

/** A longer file is begun anew; bytes. Some eight thousand evictions: dropping what is in memory is nothing beside them. */
const LONGEST = 1024 * 1024;

/** More than this is not read; bytes. */
const MOST_NEWS = 4 * LONGEST;

/** Attempts to write to a file that others take away. */
const ATTEMPTS = 8;

/** What a write says that has no room. */
const NO_ROOM: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

const NOTHING: News = [];

/** The file that was there at the last look. It is kept open, so that no other one gets its inode number. */
interface Followed {
  readonly descriptor: number;
  readonly inode: number;
  readonly device: number;
  /** Length at the last look. */
  seen: number;
  /** Where the first line begins that has not been told of. */
  position: number;
}

/** What an {@link AppendedFile} depends on. */
export interface AppendedFileOptions {
  readonly path: string;
  /** Makes sure that the directory is there, and ours. */
  readonly claim: () => Promise<void>;
}

/**
 * A file of evictions on a local file system, where an append is atomic and a look costs a few microseconds: so both are
 * done synchronously.
 *
 * It is never truncated, since it could have grown again before everybody has noticed: it is replaced by an empty one,
 * and who finds another file than before has missed something. That takes no space, so it is also how an eviction is
 * told of when the disk is full.
 */
export class AppendedFile implements EvictionFile {
  readonly interval = 100;
  readonly #options: AppendedFileOptions;
  #followed: Followed | undefined;

  constructor(options: AppendedFileOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  look(): News {
    const state = lstatSync(this.path, { throwIfNoEntry: false });
    const followed = this.#followed;
    if (state === undefined) return this.#leave() ? 'missed' : NOTHING;
    if (!state.isFile()) throw noFile(this.path);
    if (followed?.inode !== state.ino || followed.device !== state.dev) return this.#follow();
    return state.size === followed.seen ? NOTHING : this.#read(followed, state.size);
  }

  /** A file is made only in a root that is ours: it may have been taken away, or another one be in its place. */
  async append(line: string): Promise<void> {
    const bytes = Buffer.from(line);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      try {
        if (attempt > 1) await this.#create();
        if (this.#append(bytes)) return;
      } catch (error) {
        if (!isAbsence(error) || attempt === ATTEMPTS) throw error;
      }
    }
    throw new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', `${this.path} is taken away again and again.`);
  }

  close(): void {
    this.#leave();
  }

  /** Who has seen that there was no file, and makes it, misses nothing of what is written to it. */
  async #create(): Promise<void> {
    await this.#options.claim();
    try {
      const descriptor = openSync(this.path, CREATE);
      if (this.#followed === undefined) this.#followed = followedFrom(descriptor, 0);
      else closeSync(descriptor);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }

  #append(bytes: Buffer): boolean {
    const descriptor = openSync(this.path, APPEND);
    try {
      const hasRoom = writeWhole(descriptor, bytes);
      const { nlink, size } = fstatSync(descriptor);
      // Who follows the file that has replaced this one does not see what was written here.
      if (nlink === 0) return false;
      if (!hasRoom || size > LONGEST) this.#beginAnew();
      return true;
    } finally {
      closeSync(descriptor);
    }
  }

  /** Of several who do it at once, each may take away a file that the other has made: it is missed all the same. */
  #beginAnew(): void {
    try {
      unlinkSync(this.path);
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
    closeSync(openSync(this.path, APPEND | constants.O_CREAT));
  }

  #follow(): News {
    this.#leave();
    try {
      this.#followed = followedFrom(openSync(this.path, READ));
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
    return 'missed';
  }

  #leave(): boolean {
    const followed = this.#followed;
    this.#followed = undefined;
    if (followed !== undefined) closeSync(followed.descriptor);
    return followed !== undefined;
  }

  /** The last line may still be written. What was read in part is not the file that was looked at. */
  #read(followed: Followed, size: number): News {
    const { descriptor, position, seen } = followed;
    if (size < seen || size - position > MOST_NEWS) return this.#follow();
    const bytes = Buffer.allocUnsafe(size - position);
    if (readSync(descriptor, bytes, 0, bytes.byteLength, position) < bytes.byteLength) return this.#follow();
    const end = bytes.lastIndexOf('\n') + 1;
    followed.seen = size;
    followed.position = position + end;
    return end === 0 ? NOTHING : bytes.toString('utf8', 0, end - 1).split('\n');
  }
}

/** @param position by default, the end */
function followedFrom(descriptor: number, position?: number): Followed {
  const { ino: inode, dev: device, size } = fstatSync(descriptor);
  return { descriptor, inode, device, seen: position ?? size, position: position ?? size };
}

/** Whether all of it was written. */
function writeWhole(descriptor: number, bytes: Buffer): boolean {
  try {
    return writeSync(descriptor, bytes) === bytes.byteLength;
  } catch (error) {
    if (NO_ROOM.includes(systemCode(error))) return false;
    throw error;
  }
}
