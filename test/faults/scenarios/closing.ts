import { expect } from '@jest/globals';
import { runChild } from '../../support/child-process.js';

/** Runs a process that uses a cache on a server, lets something happen to that, and waits until the process has ended. */
export async function endsByItself(url: string, meanwhile: () => Promise<void>): Promise<void> {
  const { process: child, next, tell, end } = runChild('faults/scenarios/closing-process.ts', [url]);
  try {
    expect(await next()).toEqual([6000, 'picture']);
    await meanwhile();
    tell('close');
    expect(await end()).toEqual([[6000, 'picture'], 'closed']);
  } finally {
    child.kill('SIGKILL');
  }
}
