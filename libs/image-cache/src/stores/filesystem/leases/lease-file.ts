import { open, readlink, rename, rm, symlink } from 'node:fs/promises';
import { systemCode } from '../../../common/errors.js';
import { isAbsence, openFile } from '../files/file-access.js';

/** A lease is not longer; bytes. */
const LONGEST = 4096;

/**
 * Makes a lease; false when there is one. It is a symbolic link that points nowhere: one call makes it, whole and by one
 * of several, and it is never followed. Where there are no links, it is a file.
 */
export async function makeLease(path: string, token: string): Promise<boolean> {
  try {
    await symlink(token, path).catch((error: unknown) => {
      if (isAbsence(error) || systemCode(error) === 'EEXIST') throw error;
      return writeWhole(path, token);
    });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The token in a lease; `undefined` when there is none, empty when somebody is about to write it. */
export async function readLease(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    return isAbsence(error) ? undefined : readFileLease(path);
  }
}

/** Takes a lease away, if it is this one. */
export async function removeLease(path: string, token: string): Promise<void> {
  if ((await readLease(path)) === token) await rm(path, { force: true });
}

/**
 * Makes a lease young again, by its file system's own time; false when it is another one by now.
 *
 * @param draft a name of its own
 */
export async function renewLease(path: string, token: string, draft: string): Promise<boolean> {
  if ((await readLease(path)) !== token) return false;
  try {
    await makeLease(draft, token);
    await rename(draft, path);
    return true;
  } catch (error) {
    await rm(draft, { force: true });
    if (isAbsence(error)) return false;
    throw error;
  }
}

async function readFileLease(path: string): Promise<string | undefined> {
  const file = await openFile(path, { wholeUpTo: LONGEST, sync: false });
  if (file === undefined || 'bytes' in file) return file?.bytes.toString();
  await file.handle.close();
  return '';
}

async function writeWhole(path: string, token: string): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(token);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
