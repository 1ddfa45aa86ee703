import type { Kind } from '../../../ports/entry.js';
import type { Layout } from '../files/layout.js';
import { commonDigits, HASH_DIGITS } from './index-codec.js';

/** The keys of a kind's entries, in order. */
export interface OrderedKeys {
  getKeys(range: {
    readonly start: Buffer;
    readonly exclusiveStart: true;
    readonly reverse: boolean;
  }): Iterable<Buffer>;
}

/** What is beside an entry. */
export interface Beside {
  readonly keys: OrderedKeys;
  /** Whether an entry is taken for one that has gone. */
  readonly isGone?: ((key: Buffer) => boolean) | undefined;
}

/** What {@link DirectorySpace} depends on. */
export interface DirectorySpaceOptions {
  readonly layout: Layout;
  /** What a directory takes on the disk; bytes. */
  readonly size: number;
}

/**
 * Accounts for the directories that the files of entries are in. Entries whose hashes begin alike share them, and are
 * beside each other in the order of the keys: so an entry's neighbours tell which directories it has for itself, which
 * are made with it and go with it.
 */
export class DirectorySpace {
  readonly #options: DirectorySpaceOptions;

  constructor(options: DirectorySpaceOptions) {
    this.#options = options;
  }

  /** Bytes that one directory takes. */
  get size(): number {
    return this.#options.size;
  }

  /** Most bytes of the directories that are made for a write: those of the entry, and those that the write has for itself. */
  get ofWrite(): number {
    const { layout, size } = this.#options;
    return (layout.geometry.depth + 2) * size;
  }

  /** Bytes of the directories that an entry shares with no other one, whether it is among the keys or not. */
  ofEntry(kind: Kind, key: Buffer, { keys, isGone }: Beside): number {
    const { layout, size } = this.#options;
    if (size === 0) return 0;
    const levels = layout.fileDepth(kind);
    const beside = { start: key, exclusiveStart: true } as const;
    let shared = 0;
    for (const reverse of [false, true])
      for (const neighbour of keys.getKeys({ ...beside, reverse })) {
        if (isGone?.(neighbour) === true) continue;
        shared = Math.max(shared, this.#shared(levels, commonDigits(key, neighbour)));
        if (shared === levels) return 0;
        break;
      }
    return (levels - shared) * size;
  }

  #shared(levels: number, digits: number): number {
    const { depth, nameLength } = this.#options.layout.geometry;
    return digits === HASH_DIGITS ? levels : Math.min(depth, Math.floor(digits / nameLength));
  }
}
