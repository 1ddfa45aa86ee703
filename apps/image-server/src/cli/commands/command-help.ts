import type { CommandRunner } from 'nest-commander';

/** A command as the parser of command lines knows it. */
export type Commander = Parameters<CommandRunner['setCommand']>[0];

/** What the help of a command shows beside its options. */
export interface CommandHelp {
  /** Calls, without `image-server cache` unless it is called by something else, and what they do. */
  readonly examples: readonly (readonly [call: string, effect: string])[];
}

const PROGRAM = 'image-server cache';

const EXIT_CODES = `Exit codes:
  0    done, also when nothing was to be done
  1    not done; one line says why
  130  interrupted`;

/** Has a command show examples and exit codes, refuse arguments that it does not take, and leave the exit to us. */
export function describeCommand(command: Commander, { examples }: CommandHelp): void {
  const width = Math.max(...examples.map(([call]) => call.length));
  const lines = examples.map(([call, effect]) => {
    const prefix = call.includes(PROGRAM) ? '' : `${PROGRAM} `;
    return `  ${(prefix + call).padEnd(PROGRAM.length + 1 + width)}  ${effect}`;
  });
  command
    .exitOverride()
    .allowExcessArguments(false)
    .helpOption('-h, --help', 'shows this')
    .addHelpText('after', `\nExamples:\n${lines.join('\n')}\n\n${EXIT_CODES}`);
}
