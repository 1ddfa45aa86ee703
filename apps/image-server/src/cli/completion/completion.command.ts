import { Inject } from '@nestjs/common';
import { Command, CommandRunner, InjectCommander } from 'nest-commander';
import type { Commander } from '../commands/command-help.js';
import { oneOf } from '../commands/option-values.js';
import { Terminal } from '../output/terminal.js';
import { bashCompletion } from './bash.js';
import { programOf, type CompletedCommand } from './command-tree.js';
import { fishCompletion } from './fish.js';
import { zshCompletion } from './zsh.js';

const SCRIPTS: Readonly<Record<'bash' | 'zsh' | 'fish', (program: CompletedCommand) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

const SHELLS = Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[];

/** Prints a script by which a shell completes words. */
@Command({
  name: 'completion',
  arguments: '<shell>',
  argsDescription: { shell: SHELLS.join(', ') },
  description: 'prints a script by which a shell completes words',
})
export class CompletionCommand extends CommandRunner {
  readonly #terminal: Terminal;
  readonly #parser: Commander;

  constructor(@Inject(Terminal) terminal: Terminal, @InjectCommander() parser: Commander) {
    super();
    this.#terminal = terminal;
    this.#parser = parser;
  }

  override setCommand(command: Commander): this {
    command
      .exitOverride()
      .allowExcessArguments(false)
      .helpOption('-h, --help', 'shows this')
      .addHelpText(
        'after',
        '\nExamples:\n  source <(image-server completion bash)\n  image-server completion fish | source',
      );
    return super.setCommand(command);
  }

  override run([shell = '']: string[]): Promise<void> {
    const script = SCRIPTS[oneOf('shell', shell, SHELLS)];
    this.#terminal.print(script(programOf(this.#parser, SHELLS)).trimEnd());
    return Promise.resolve();
  }
}
