import { Option } from 'nest-commander';
import { CliError } from '../cli-error.js';
import { printable } from 'nestjs-image-cache';
import { ManagingCommand, type ManagingOptions } from './managing-command.js';

/** What every command that deletes takes. */
export interface DeletingOptions extends ManagingOptions {
  readonly force?: boolean;
}

/** A command that deletes: asks before it does. */
export abstract class DeletingCommand extends ManagingCommand<DeletingOptions> {
  @Option({ flags: '-f, --force', description: 'deletes without asking' })
  parseForce(): boolean {
    return true;
  }

  override async run(params: string[], options: DeletingOptions): Promise<void> {
    const question = this.question(params);
    if (options.force === true || (await this.#isSure(question))) await super.run(params, options);
    else this.terminal.tell('Nothing has been deleted.');
  }

  /** What is asked, and what is to be considered. */
  protected abstract question(params: readonly string[]): DeletingQuestion;

  async #isSure({ consequence, question }: DeletingQuestion): Promise<boolean> {
    if (!this.terminal.canAsk) {
      throw new CliError('Nobody is there to be asked whether to delete; say --force to delete without.');
    }
    this.terminal.tell(`Warning: ${consequence}`);
    return this.terminal.confirm(printable(question), this.signal);
  }
}

/** A question before something is deleted. */
export interface DeletingQuestion {
  readonly question: string;
  /** What happens then. */
  readonly consequence: string;
}
