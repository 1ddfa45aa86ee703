import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { systemCode } from '../../../common/errors.js';
import { TEMPORARY, uniqueName } from '../files/layout.js';

/** More than the locks take of as many readers as there may be; bytes. */
const SIZE = 12 * 1024;

/** What says that hard links are not to be had. */
const NO_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Makes the file of the locks of an LMDB environment, where it is missing, of bytes that are on the disk: LMDB itself makes
 * it of holes, and the system kills who touches one when the disk is full. Linked into its place, so that nobody finds a
 * part of it, and nothing is written over locks that are in use.
 */
export function makeLockFile(path: string): void {
  const draft = `${path}-${uniqueName()}${TEMPORARY}`;
  try {
    writeFileSync(draft, Buffer.alloc(SIZE), { flag: 'wx' });
    linkSync(draft, path);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'EEXIST' && !NO_LINKS.includes(code)) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
