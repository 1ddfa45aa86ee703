import { access, type FileHandle } from 'node:fs/promises';
import { isImageCacheError } from '../../../common/errors.js';
import type { OpenedEntry } from '../../../ports/opened-entry.js';
import type { EntryMeta } from '../../../ports/entry.js';
import { VerifiedBody, verifyBody } from './body-blocks.js';

/** What an {@link openedEntry} is made of. */
export interface OpenedEntryOptions {
  readonly handle: FileHandle;
  readonly path: string;
  readonly meta: EntryMeta;
  readonly checksums: Buffer;
  /** Our clock of last access. */
  readonly mtimeMs: number;
  /** Sets the file aside. */
  readonly onDamaged: () => Promise<void>;
}

/** An entry whose file is open. It is read through its descriptor: by its name, it may be another one by now. */
export async function openedEntry(options: OpenedEntryOptions): Promise<OpenedEntry> {
  const { handle, path, meta, checksums, mtimeMs, onDamaged } = options;
  const body = { handle, size: meta.size, digest: meta.digest, checksums };
  return {
    meta,
    lastAccess: mtimeMs,
    file: await descriptorPath(handle, path),
    verify: async () => {
      try {
        await verifyBody(body);
        return true;
      } catch (error) {
        // What cannot be read may be readable the next time; what was read and is wrong never gets right.
        if (!isImageCacheError(error, 'E_IMAGE_CACHE_CORRUPT')) throw error;
        await onDamaged();
        return false;
      }
    },
    stream: (range = { start: 0, end: meta.size - 1 }) =>
      VerifiedBody.lazily({ ...body, range, onDamaged: () => void onDamaged() }),
    close: () => handle.close(),
  };
}

/** Where the system shows no descriptors as files, only the name is left. */
async function descriptorPath({ fd }: FileHandle, path: string): Promise<string> {
  const descriptor = `/proc/self/fd/${fd}`;
  try {
    await access(descriptor);
    return descriptor;
  } catch {
    return path;
  }
}
