import { Option } from 'nest-commander';
import { CliError } from '../cli-error.js';
import { quoted } from '../output/quoted.js';
import { ManagingCommand, type ManagingOptions } from './managing-command.js';
import { wholeNumber } from './option-values.js';

/** Entries on a page. */
export const PAGE = 100;

/** What every command that lists takes. */
export interface ListingOptions extends ManagingOptions {
  readonly limit?: number;
  readonly after?: string;
}

/** A command that lists, page by page. */
export abstract class ListingCommand<Options extends ListingOptions> extends ManagingCommand<Options> {
  @Option({ flags: '--limit <count>', description: `lists so many, 1 to 1000 (default: ${PAGE})` })
  parseLimit(value: string): number {
    return wholeNumber('--limit', value, { min: 1, max: 1000 });
  }

  @Option({ flags: '--after <cursor>', description: 'goes on where an earlier page has ended' })
  parseAfter(value: string): string {
    if (value === '') throw new CliError('--after: is empty; leave it out for the first page.');
    return value;
  }

  /** Tells how to go on. */
  protected tellNext(next: string | undefined): void {
    if (next !== undefined) this.terminal.tell(`There is more: --after ${quoted(next)}`);
  }
}
