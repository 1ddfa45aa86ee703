import { describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import {
  hasEnded,
  processName,
  processSpace,
} from '../../../../../libs/image-cache/src/stores/filesystem/processes.js';

/** More than there are threads that read files. */
const TASKS = 64;

const idle = (): ChildProcess => spawn('sleep', ['1000'], { stdio: 'ignore' });

/** Waits, while nothing else goes on in this process, until another one has ended of which it has taken no note yet. */
function awaitZombie(pid: number): void {
  while (!/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
}

describe('a process', () => {
  it('has not ended while it runs, and has when it was killed', async () => {
    const space = await processSpace();
    const child = idle();
    const name = await processName(space, child.pid);
    expect(await hasEnded(name, space)).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await hasEnded(name, space)).toBe(true);
  });

  it('has ended before its parent has taken note of that', async () => {
    const space = await processSpace();
    const child = idle();
    const name = await processName(space, child.pid);
    child.kill('SIGKILL');
    awaitZombie(child.pid ?? 0);
    expect(await hasEnded(name, space)).toBe(true);
  });

  it('has ended when it goes while the system is asked about it', async () => {
    const space = await processSpace();
    const child = idle();
    const name = await processName(space, child.pid);
    child.kill('SIGKILL');
    awaitZombie(child.pid ?? 0);
    const busy = Array.from({ length: TASKS }, () => promisify(pbkdf2)('', '', 20_000, 32, 'sha256'));
    const [ended] = await Promise.all([hasEnded(name, space), once(child, 'exit'), ...busy]);
    expect(ended).toBe(true);
  });

  it('of another host may be running', async () => {
    const { boot } = await processSpace();
    const child = idle();
    const name = await processName({ boot, host: 'elsewhere' }, child.pid);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await hasEnded(name, await processSpace())).toBe(false);
  });
});
