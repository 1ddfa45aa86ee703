import { Option } from 'nest-commander';
import { printable } from 'nestjs-image-cache';
import { CliError } from '../cli-error.js';
import type { CacheManagement } from '../management/cache-management.js';
import { ManagingCommand, type Call, type ManagingOptions } from './managing-command.js';

/** What every command that deletes takes. */
export interface DeletingOptions extends ManagingOptions {
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** A command that deletes: asks before it does. */
export abstract class DeletingCommand extends ManagingCommand<DeletingOptions> {
  @Option({ flags: '-f, --force', description: 'deletes without asking' })
  parseForce(): boolean {
    return true;
  }

  @Option({ flags: '--dry-run', description: 'counts what would be deleted, and deletes nothing' })
  parseDryRun(): boolean {
    return true;
  }

  override async run(params: string[], options: DeletingOptions): Promise<void> {
    const { dryRun = false, force = false } = options;
    if (!dryRun && !force && !this.terminal.canAsk)
      throw new CliError('Nobody is there to be asked whether to delete; say --force to delete without.');
    await super.run(params, options);
  }

  protected async manage(management: CacheManagement, call: Call<DeletingOptions>): Promise<void> {
    const { dryRun = false, force = false } = call.options;
    if (dryRun) await this.foresee(management, call);
    else if (force || (await this.#isSure(await this.question(management, call)))) await this.delete(management, call);
    else this.terminal.tell('Nothing has been deleted.');
  }

  /** What is asked, and what is to be considered. */
  protected abstract question(management: CacheManagement, call: Call<DeletingOptions>): Promise<DeletingQuestion>;

  /** Tells what would be deleted. */
  protected abstract foresee(management: CacheManagement, call: Call<DeletingOptions>): Promise<void>;

  /** Deletes it. */
  protected abstract delete(management: CacheManagement, call: Call<DeletingOptions>): Promise<void>;

  async #isSure({ consequence, question }: DeletingQuestion): Promise<boolean> {
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
