import { isAbsolute, resolve } from 'node:path';
import { invalidOption, parseInteger, refuseUnknownKeys } from '../../common/options.js';
import type { Geometry } from './files/layout.js';
import { BOUNDS, resolveBounds, type Bounds, type FilesystemBoundsOptions } from './space/bounds.js';

/** Options of {@link filesystemStore}. */
export interface FilesystemStoreOptions extends FilesystemBoundsOptions {
  /** Root of the cache; it is made when it is missing, and must be empty or a cache of the same geometry. */
  readonly directory: string;
  /** Levels of directories above an image's own one. @default 3 */
  readonly depth?: number;
  /** Characters that name one level. @default 2 */
  readonly nameLength?: number;
  /** Waits until entries are on the disk before they are published; slower, and safe against a power cut. @default false */
  readonly durable?: boolean;
  /**
   * Whether entries are listed in an index, which lets the least recently used go first and bounds hold at any moment.
   * Without it, `maxSize` and `maxEntries` are kept by each sweep.
   *
   * @default where there are bounds, on a local file system
   */
  readonly index?: boolean;
  /**
   * Whether room is made before it is needed, at the opening, too. Without that, a cache that is fuller than it may be
   * stays so until something is written or it is swept: for who opens it to look after it.
   *
   * @default true
   */
  readonly ahead?: boolean;
}

/** Options with everything filled in. */
export interface ResolvedFilesystemOptions {
  readonly directory: string;
  readonly geometry: Geometry;
  readonly durable: boolean;
  readonly bounds: Bounds;
  readonly index: boolean | 'auto';
  readonly ahead: boolean;
}

/** Hexadecimal digits of an identifier's hash. */
const HASH_LENGTH = 64;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` with the path of the option
 */
export function resolveFilesystemOptions(options: FilesystemStoreOptions): ResolvedFilesystemOptions {
  const path = 'filesystemStore';
  refuseUnknownKeys(options, ['directory', 'depth', 'nameLength', 'durable', 'index', 'ahead', ...BOUNDS], path);
  const { directory, depth = 3, nameLength = 2, durable = false, index, ahead } = options;
  if (typeof directory !== 'string' || directory.trim() === '') {
    throw invalidOption(`${path}.directory`, 'name the directory that the cache may have for itself.');
  }
  for (const [name, value] of Object.entries({ durable, index, ahead })) {
    if (value !== undefined && typeof value !== 'boolean')
      throw invalidOption(`${path}.${name}`, `${String(value)} is neither true nor false.`);
  }
  const geometry = {
    depth: parseInteger(depth, `${path}.depth`, { min: 0, max: 8 }),
    nameLength: parseInteger(nameLength, `${path}.nameLength`, { min: 1, max: 8 }),
  };
  if (depth * nameLength > HASH_LENGTH) {
    throw invalidOption(`${path}.depth`, `depth × nameLength is more than the ${HASH_LENGTH} characters of a hash.`);
  }
  return {
    directory: isAbsolute(directory) ? directory : resolve(directory),
    geometry,
    durable,
    bounds: resolveBounds(options, path),
    index: index ?? 'auto',
    ahead: ahead ?? true,
  };
}
