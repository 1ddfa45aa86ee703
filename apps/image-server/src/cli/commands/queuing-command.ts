import { Injectable } from '@nestjs/common';
import { Option } from 'nest-commander';
import { CliError } from '../cli-error.js';
import type { QueueUse } from '../management/managed-stores.js';
import { ManagingCommand, type ManagingOptions } from './managing-command.js';
import { wholeNumber } from './option-values.js';

/** How images are queued. */
export interface QueuingOptions extends ManagingOptions {
  readonly variant?: readonly string[];
  readonly priority?: number;
}

/** A command that queues images. */
@Injectable()
export abstract class QueuingCommand<Options extends QueuingOptions = QueuingOptions> extends ManagingCommand<Options> {
  protected override readonly queue: QueueUse = 'required';

  @Option({
    flags: '--variant <parameters>',
    description: 'caches this variant, not the configured ones; may be repeated',
  })
  parseVariant(value: string, previous: readonly string[] = []): readonly string[] {
    if (value === '') throw new CliError('--variant: is empty; write it as full/400,/0/default.jpg.');
    return [...previous, value];
  }

  @Option({ flags: '--priority <number>', description: 'goes before those with a smaller number (default: 0)' })
  parsePriority(value: string): number {
    return wholeNumber('--priority', value, { min: -1000, max: 1000 });
  }
}
