import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { IiifError } from '../errors.js';
import { isHidden, parseIdentifier } from './identifier.js';
import { unlessMissing } from './open-original.js';
import { SourceRoot, type RootIdentity } from './source-root.js';

/** Names of the folder that has all others. */
const ROOTS: readonly string[] = ['.', './', '/'];

/**
 * The beginning of the identifiers of what is in a folder. A link may name the folder, where it stays inside of the root.
 *
 * @throws IiifError `E_IIIF_NOT_FOUND` when there is no such folder, `E_IIIF_BAD_IDENTIFIER` when it is no relative path
 */
export async function findFolder(root: RootIdentity, folder: string): Promise<string> {
  if (ROOTS.includes(folder)) return '';
  const names = parseIdentifier(folder.replace(/^\.\//, '').replace(/\/$/, ''));
  const isFolder =
    !isHidden(names) &&
    (await unlessMissing(
      async () => {
        const path = await realpath(join(root.path, ...names));
        return SourceRoot.contains(root, path) && (await stat(path)).isDirectory();
      },
      `The source folder ${names.join('/')}`,
    ));
  if (isFolder !== true) throw new IiifError('E_IIIF_NOT_FOUND', 'There is no such folder.');
  return `${names.join('/')}/`;
}
