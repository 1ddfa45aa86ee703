import { chown } from 'node:fs/promises';

const NOBODY = 65_534;

/** Permissions do not hold for root. */
const IS_ROOT = process.getuid?.() === 0;

/** The program, with its arguments, under which a process is one to which permissions apply. */
export const UNPRIVILEGED: readonly string[] = IS_ROOT
  ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
  : [];

/** Gives paths to who such a process runs as. */
export async function giveAway(...paths: readonly string[]): Promise<void> {
  if (IS_ROOT) for (const path of paths) await chown(path, NOBODY, NOBODY);
}
