import { spawnSync } from 'node:child_process';

/**
 * Whether tests have what they need: those that lack it are to be skipped, which is told here.
 *
 * @param isThere what they need
 * @param help what it is, and how to have it
 * @throws Error in CI, where nothing is to be skipped
 */
export function haveWhatTheyNeed(isThere: boolean, help: string): boolean {
  if (isThere) return true;
  if (process.env['CI'] !== undefined) throw new Error(help);
  process.stderr.write(`Skipped some tests. ${help}\n`);
  return false;
}

/** Whether system calls can be traced. */
export function canTrace(): boolean {
  const { status } = spawnSync('strace', ['--follow-forks', '--quiet=all', '--output=/dev/null', 'true']);
  return haveWhatTheyNeed(status === 0, 'System calls cannot be traced; install it with apt-get install -y strace');
}
