import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haveWhatTheyNeed } from './needs.js';

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

function mayMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'image-cache-mount-'));
  try {
    run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe);
    run('umount', probe);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

/** Whether this process may mount file systems. */
export const MAY_MOUNT = haveWhatTheyNeed(mayMount(), 'No file system can be mounted here; run the tests as root.');

/** Mounts an empty file system of this size, and for so many files and directories, if that is given. */
export function mountSmall(directory: string, size: string, { inodes }: { readonly inodes?: number } = {}): void {
  mkdirSync(directory, { recursive: true });
  const options = [`size=${size}`, 'mode=755', ...(inodes === undefined ? [] : [`nr_inodes=${inodes}`])];
  run('mount', '-t', 'tmpfs', '-o', options.join(','), 'tmpfs', directory);
}

/** Mounts an empty file system in memory that is none of those that are known to be local. */
export function mountUnknown(directory: string): void {
  run('mount', '-t', 'ramfs', '-o', 'mode=755', 'ramfs', directory);
}

/** Makes a directory and all in it read-only. */
export function makeReadOnly(directory: string): void {
  if (!MAY_MOUNT) {
    run('chmod', '-R', 'a-w', directory);
    return;
  }
  run('mount', '--bind', directory, directory);
  run('mount', '-o', 'remount,bind,ro', directory);
}

/** Makes sure that a directory can be neither moved nor removed. */
export function pin(directory: string): void {
  if (MAY_MOUNT) run('mount', '--bind', directory, directory);
  else chmodSync(directory, 0o555);
}

/** Undoes all of the above in a directory, whatever has been moved meanwhile. */
export function release(directory: string): void {
  if (!MAY_MOUNT) {
    run('chmod', '-R', 'u+w', directory);
    return;
  }
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path === directory || path.startsWith(`${directory}/`));
  for (const path of mounts.reverse()) run('umount', '-l', path);
}
