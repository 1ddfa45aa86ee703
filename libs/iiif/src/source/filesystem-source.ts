import type { BigIntStats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { SourceLookup, SourceStamp } from 'nestjs-image-cache';
import { IiifError } from '../errors.js';
import { isHidden, parseIdentifier } from './identifier.js';
import { findFolder } from './find-folder.js';
import { listOriginals } from './list-originals.js';
import { openOriginal, unlessMissing } from './open-original.js';
import type { Original, OriginalListOptions, OriginalSource } from './original-source.js';
import { SourceRoot } from './source-root.js';

/** Options of {@link FilesystemSource}. */
export interface FilesystemSourceOptions {
  /** Folder of the originals; an identifier is a path relative to it, with `/` between names. */
  readonly directory: string;
  /**
   * Whether inode and time of change belong to the stamp. They reveal a file that was replaced by one of the same size
   * and modification time; hosts that hold copies of their own need `false`, since theirs differ. @default true
   */
  readonly identity?: boolean;
  /** Names the source in messages. @default 'FilesystemSource' */
  readonly name?: string;
}

/**
 * Originals in a folder. Nothing outside of it is read: links are followed only to where they stay inside. Only regular
 * files whose path has no hidden part are served.
 */
export class FilesystemSource implements OriginalSource {
  readonly name: string;
  readonly #root: SourceRoot;
  readonly #identity: boolean;

  /** @throws IiifError `E_IIIF_BAD_OPTIONS` when no folder is named */
  constructor({ directory, identity = true, name = 'FilesystemSource' }: FilesystemSourceOptions) {
    // An empty path would mean the working directory, with everything that happens to be there.
    if (typeof directory !== 'string' || directory.trim() === '') {
      throw new IiifError('E_IIIF_BAD_OPTIONS', 'source.directory must name a folder.');
    }
    this.name = name;
    this.#root = new SourceRoot(resolve(directory));
    this.#identity = identity;
  }

  /**
   * Looks a file up.
   *
   * @throws IiifError `E_IIIF_BAD_IDENTIFIER` (400) when the identifier is not a plain relative path,
   * `E_IIIF_SOURCE_UNAVAILABLE` (503) when the folder is gone, unmounted or may not be read
   */
  async lookup(identifier: string, options?: { readonly signal?: AbortSignal }): Promise<SourceLookup> {
    const found = await this.#find(identifier, options?.signal);
    return found === undefined ? { status: 'missing' } : { status: 'found', stamp: this.#stampOf(found.stats) };
  }

  /** {@inheritDoc OriginalSource.open} */
  async open(identifier: string, options?: { readonly signal?: AbortSignal }): Promise<Original> {
    const found = await this.#find(identifier, options?.signal);
    if (found !== undefined) {
      const root = await this.#root.identity();
      const stampOf = (stats: BigIntStats): SourceStamp => this.#stampOf(stats);
      const original = await unlessMissing(() => openOriginal(found.path, { root, stampOf }));
      if (original !== undefined) return original;
      await this.#root.assertAvailable();
    }
    throw new IiifError('E_IIIF_NOT_FOUND', 'There is no such image.');
  }

  /** {@inheritDoc OriginalSource.list} */
  async *list({ folder, ...options }: OriginalListOptions = {}): AsyncGenerator<string> {
    await this.#root.assertAvailable();
    const root = await this.#root.identity();
    yield* listOriginals(root, { ...options, folder: folder === undefined ? '' : await findFolder(root, folder) });
  }

  /** {@inheritDoc OriginalSource.ping} */
  async ping(): Promise<void> {
    await this.#root.assertAvailable();
  }

  async #find(identifier: string, signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    const names = parseIdentifier(identifier);
    const root = await this.#root.identity();
    const found = isHidden(names)
      ? undefined
      : await unlessMissing(async () => {
          const path = await realpath(join(root.path, ...names));
          if (!SourceRoot.contains(root, path)) return undefined;
          // Before anything is opened: opening a device or a FIFO can have effects of its own.
          const stats = await stat(path, { bigint: true });
          return stats.isFile() ? { path, stats } : undefined;
        });
    if (found === undefined) await this.#root.assertAvailable();
    return found;
  }

  #stampOf(stats: BigIntStats): SourceStamp {
    const stamp = { size: Number(stats.size), lastModified: stats.mtimeNs.toString() };
    return this.#identity ? { ...stamp, inode: stats.ino.toString(), changed: stats.ctimeNs.toString() } : stamp;
  }
}
