import { expect } from '@jest/globals';
import { runCache } from './command-line.js';

/** What a command says that is refused: one line on the standard error. */
export async function refused(args: readonly string[], environment: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await runCache(args, environment);
  expect({ code, stdout, lines: stderr.split('\n').length, end: stderr.at(-1) }).toEqual({
    code: 1,
    stdout: '',
    lines: 2,
    end: '\n',
  });
  return stderr.trimEnd().replace(/^image-server: /, '');
}
