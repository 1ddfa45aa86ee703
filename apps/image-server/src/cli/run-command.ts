import 'reflect-metadata';
import { CommandFactory, CommandRunnerService } from 'nest-commander';
import { oneLine } from '../one-line.js';
import { CliModule } from './cli.module.js';
import { Interruption, INTERRUPTED } from './interruption.js';
import { printable } from 'nestjs-image-cache';

type RunOptions = NonNullable<Parameters<typeof CommandFactory.createWithoutRunning>[1]>;

// Nest declares its options as a class and takes every object of that shape.
// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
const OPTIONS: RunOptions = {
  cliName: 'image-server',
  logger: false,
  abortOnError: false,
  errorHandler: rethrow,
  serviceErrorHandler: rethrow,
  helpConfiguration: { sortOptions: false, sortSubcommands: false },
  outputConfiguration: {
    outputError: (message) => {
      fail(hinted(message));
    },
  },
};

/**
 * Runs a command of the command line tool, and tells its exit code: 0 when it is done, 1 when it is not, 130 when it was
 * interrupted.
 */
export async function runCommand(args: readonly string[]): Promise<number> {
  // A reader that has seen enough, such as head, is no failure.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
  const app = await CommandFactory.createWithoutRunning(CliModule, OPTIONS);
  const { signal } = app.get(Interruption);
  try {
    await app.get(CommandRunnerService).run([process.execPath, 'image-server', ...args]);
    return signal.aborted ? INTERRUPTED : 0;
  } catch (error) {
    const told = exitCodeOf(error);
    if (told !== undefined) return told;
    fail(signal.aborted && isAbort(error) ? 'interrupted.' : oneLine(error));
    return signal.aborted ? INTERRUPTED : 1;
  } finally {
    await app.close();
  }
}

function fail(message: string): void {
  process.stderr.write(`image-server: ${printable(message)}\n`);
}

/** What commander says of a wrong argument, in one line. */
function hinted(message: string): string {
  return `${oneLine(message.replace(/^error: /, '')).replace(/\.$/, '')}; see --help.`;
}

function rethrow(error: Error): never {
  throw error;
}

/** Commander ends with errors, too, when it has shown the help; it has told then what is to be told. */
function exitCodeOf(error: unknown): number | undefined {
  const { code, exitCode } = error as { readonly code?: unknown; readonly exitCode?: unknown };
  const isCommanders = typeof code === 'string' && code.startsWith('commander.');
  return isCommanders && typeof exitCode === 'number' ? exitCode : undefined;
}

function isAbort(error: unknown): boolean {
  return (error as Error).name === 'AbortError';
}
