import { sameStamp, type FetchedOriginal, type SourceStamp } from 'nestjs-image-cache';
import { createReadStream } from 'node:fs';
import { IiifError } from '../../errors.js';
import type { Original } from '../original-source.js';
import { unavailable } from '../source-root.js';
import { modifiedAt } from './response.js';
import { TemporaryFile } from './temporary-file.js';

/** A fetched original while it is in use. */
interface InUse {
  users: number;
  /** What the source has said of it since the fetch began. */
  seen?: SourceStamp;
  readonly fetching: Promise<Copy>;
}

interface Copy extends Omit<Original, 'close' | 'stream'> {
  readonly remove: () => Promise<void>;
}

/** Originals in temporary files, each for as long as somebody uses it; who comes meanwhile shares it. */
export class TemporaryOriginals {
  readonly #inUse = new Map<string, InUse>();

  /**
   * Tells in which state the source has an original now: a copy of another one is for those who have it already, and for
   * nobody who comes after that. What is made of it would else be taken for what the source has now.
   */
  seen(identifier: string, stamp: SourceStamp): void {
    const shared = this.#inUse.get(identifier);
    if (shared !== undefined) shared.seen = stamp;
  }

  /** Opens an original that is in use, or fetches it. Throws what fetching throws. */
  async open(identifier: string, fetch: () => Promise<FetchedOriginal>): Promise<Original> {
    for (;;) {
      const known = this.#inUse.get(identifier);
      const shared = known ?? { users: 0, fetching: fetch().then(written) };
      if (known === undefined) this.#inUse.set(identifier, shared);
      const original = await this.#use(identifier, shared);
      const { seen } = shared;
      if (known === undefined || seen === undefined || sameStamp(seen, original.stamp)) return original;
      if (this.#inUse.get(identifier) === shared) this.#inUse.delete(identifier);
      await original.close();
    }
  }

  async #use(identifier: string, shared: InUse): Promise<Original> {
    shared.users += 1;
    const leave = once(() => this.#leave(identifier, shared));
    try {
      const { file, stamp, size, lastModified } = await shared.fetching;
      const stream: Original['stream'] = (range) => {
        const body = createReadStream(file, range);
        return body.once('close', () => void leave());
      };
      return { file, stamp, size, lastModified, stream, close: leave };
    } catch (error) {
      await leave();
      throw error;
    }
  }

  async #leave(identifier: string, shared: InUse): Promise<void> {
    shared.users -= 1;
    if (shared.users > 0) return;
    if (this.#inUse.get(identifier) === shared) this.#inUse.delete(identifier);
    const copy = await shared.fetching.catch(() => undefined);
    await copy?.remove();
  }
}

async function written({ body, stamp, size: announced }: FetchedOriginal): Promise<Copy> {
  const file = await TemporaryFile.make().catch((error: unknown) => {
    body.destroy();
    throw unwritable(error);
  });
  try {
    await file.write(body);
    const { size, mtime } = await file.handle.stat();
    if (announced !== undefined && announced !== size) throw unavailable('The source image did not come whole.');
    const modified = modifiedAt(stamp);
    const lastModified = modified === undefined ? mtime : new Date(modified);
    return { file: file.path, stamp, size, lastModified, remove: () => file.remove() };
  } catch (error) {
    await file.remove();
    throw error instanceof IiifError ? error : unwritable(error);
  }
}

function unwritable(cause: unknown): IiifError {
  return unavailable('The source image cannot be written to a temporary file.', cause);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
