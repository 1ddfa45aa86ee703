import { sameStamp, type FetchedOriginal, type SourceStamp } from 'nestjs-image-cache';
import { createReadStream } from 'node:fs';
import { IiifError } from '../../errors.js';
import type { Original } from '../original-source.js';
import { unavailable } from '../source-root.js';
import { unlessAborted } from './limited-signal.js';
import { modifiedAt } from './response.js';
import { TemporaryFile } from './temporary-file.js';

/** A fetched original while it is in use. */
interface InUse {
  users: number;
  /** What the source has said of it since the fetch began. */
  seen?: SourceStamp;
  readonly fetching: Promise<Copy>;
  /** Ends the fetch. */
  readonly giveUp: () => void;
}

/** How an original is opened. */
export interface OpenRequest {
  /** Its signal is aborted when nobody waits for the original any more. */
  readonly fetch: (lastLeft: AbortSignal) => Promise<FetchedOriginal>;
  /** Ends the wait; the fetch goes on while there are others who wait. */
  readonly signal: AbortSignal | undefined;
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

  /** Opens an original that is in use, or fetches it. Throws what fetching throws, or the reason of the signal. */
  async open(identifier: string, { fetch, signal }: OpenRequest): Promise<Original> {
    for (;;) {
      const known = this.#inUse.get(identifier);
      const shared = known ?? begin(fetch);
      if (known === undefined) this.#inUse.set(identifier, shared);
      const original = await this.#use(identifier, shared, signal);
      const { seen } = shared;
      if (known === undefined || seen === undefined || sameStamp(seen, original.stamp)) return original;
      if (this.#inUse.get(identifier) === shared) this.#inUse.delete(identifier);
      await original.close();
    }
  }

  async #use(identifier: string, shared: InUse, signal: AbortSignal | undefined): Promise<Original> {
    shared.users += 1;
    const leave = once(() => this.#leave(identifier, shared));
    try {
      const { file, stamp, size, lastModified } = await unlessAborted(shared.fetching, signal);
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
    shared.giveUp();
    const copy = await shared.fetching.catch(() => undefined);
    await copy?.remove();
  }
}

function begin(fetch: OpenRequest['fetch']): InUse {
  const lastLeft = new AbortController();
  const giveUp = (): void => {
    lastLeft.abort();
  };
  return { users: 0, fetching: fetch(lastLeft.signal).then(written), giveUp };
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
