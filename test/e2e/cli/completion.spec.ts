import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { runServer } from '../../support/image-server.js';
import { findProgram } from '../../support/server-process.js';

const execute = promisify(execFile);

const COMMANDS = [
  'changed',
  'clean',
  'configure',
  'delete-all-cached-images',
  'delete-all-queued-images',
  'delete-cached-image',
  'delete-queued-image',
  'list-cached',
  'list-queued',
  'pause',
  'prefetch',
  'prune',
  'queue-image',
  'queue-images',
  'resume',
  'retry',
  'show',
  'stats',
  'sweep',
  'tasks',
];

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout, stderr } = await runServer({ args: ['completion', shell] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

describe('image-server completion bash', () => {
  let script: string;

  beforeAll(async () => {
    script = await scriptFor('bash');
  });

  /** What bash proposes for the last word. */
  async function complete(...words: string[]): Promise<readonly string[]> {
    const all = ['image-server', ...words].map((word) => `'${word}'`).join(' ');
    const line = `${script}\nCOMP_WORDS=(${all}); COMP_CWORD=${words.length}; _image_server; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await execute('bash', ['-c', line]);
    return stdout
      .split('\n')
      .filter((word) => word !== '')
      .sort();
  }

  it('is registered for the program', async () => {
    const { stdout } = await execute('bash', ['-c', `${script}\ncomplete -p image-server`]);
    expect(stdout).toBe('complete -F _image_server image-server\n');
  });

  it('completes commands', async () => {
    expect(await complete('')).toEqual(['cache', 'completion', 'config', 'help']);
    expect(await complete('cache', '')).toEqual(COMMANDS);
    expect(await complete('cache', 'delete-all')).toEqual(['delete-all-cached-images', 'delete-all-queued-images']);
    expect(await complete('--config', 'README.md', 'config', '')).toEqual([
      'check',
      'from-galia',
      'from-glance',
      'keys',
    ]);
    expect(await complete('config', 'from-galia', 'READ')).toEqual(['README.md']);
    expect(await complete('help', 'cache', 'sw')).toEqual(['sweep']);
    expect(await complete('--v')).toEqual(['--version']);
    expect(await complete('completion', 'f')).toEqual(['fish']);
  });

  it('completes options and their values', async () => {
    expect(await complete('cache', 'delete-cached-image', '-')).toEqual(
      [
        '--config',
        '--dry-run',
        '--force',
        '--help',
        '--json',
        '--secret-file',
        '--server',
        '--timeout',
        '--user',
        '-f',
        '-h',
      ].sort(),
    );
    expect(await complete('cache', 'tasks', '--c')).toEqual(['--cancel']);
    expect(await complete('cache', 'list-cached', '--kind', '')).toEqual(['info', 'source', 'variant']);
    expect(await complete('cache', 'list-cached', '--json', '--order', 'l')).toEqual(['lastAccess']);
    expect(await complete('cache', 'stats', '--config', 'READ')).toEqual(['README.md']);
    expect(await complete('cache', 'stats', '--user', '')).toEqual([]);
    expect(await complete('cache', 'queue-image', '--', '-')).toEqual([]);
  });
});

for (const shell of ['zsh', 'fish']) {
  const program = findProgram(shell);
  (program === undefined ? describe.skip : describe)(`image-server completion ${shell}`, () => {
    it('is understood by the shell', async () => {
      const check =
        shell === 'zsh' ? `autoload -Uz compinit && compinit -u -D; ${await scriptFor(shell)}` : await scriptFor(shell);
      const { stderr } = await execute(program ?? shell, ['-c', check], {
        env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
      });
      expect(stderr).toBe('');
    });
  });
}

(findProgram('fish') === undefined ? describe.skip : describe)('in fish, words', () => {
  it('are completed', async () => {
    const script = await scriptFor('fish');
    const complete = async (line: string): Promise<string[]> => {
      const { stdout } = await execute('fish', ['-c', `${script}\ncomplete -C '${line}'`]);
      return stdout
        .split('\n')
        .map((each) => each.split('\t')[0] ?? '')
        .filter((each) => each !== '');
    };
    expect(await complete('image-server cache ')).toEqual(expect.arrayContaining(COMMANDS));
    expect((await complete('image-server cache list-cached --kind ')).sort()).toEqual(['info', 'source', 'variant']);
    expect(await complete('image-server cache list-cached --js')).toEqual(['--json']);
  });
});

it('image-server completion of another shell is refused in one line', async () => {
  const { code, stdout, stderr } = await runServer({ args: ['completion', 'tcsh'] });
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: 'image-server: shell: there is no "tcsh"; there are bash, zsh, fish.\n',
  });
});
