import { SubCommand } from 'nest-commander';
import { UpkeepCommand } from './upkeep-command.js';

/** Makes room. */
@SubCommand({ name: 'prune', description: 'removes what was not used for longest, as far as the cache is too full' })
export class PruneCommand extends UpkeepCommand {
  protected readonly which = 'prune';
  protected readonly steps = ['bounds'];
  protected readonly help = {
    examples: [
      ['prune', 'makes room'],
      ['prune --dry-run', 'tells how much would go'],
    ],
  } as const;
}

/** Removes what is no entry. */
@SubCommand({
  name: 'clean',
  description: 'removes what is no entry: abandoned writes, foreign and damaged files, trash',
})
export class CleanCommand extends UpkeepCommand {
  protected readonly which = 'clean';
  protected readonly steps = ['abandoned', 'detritus', 'quarantine', 'trash'];
  protected readonly help = {
    examples: [
      ['clean', 'removes it'],
      ['clean --dry-run', 'tells how much it is'],
    ],
  } as const;
}

/** A shift of the worker. */
@SubCommand({
  name: 'sweep',
  description: 'does what the worker does in a shift: expired entries, clean, prune, verify',
})
export class SweepCommand extends UpkeepCommand {
  protected readonly which = 'sweep';
  protected readonly steps = [
    'expired',
    'invalid',
    'abandoned',
    'detritus',
    'quarantine',
    'trash',
    'reconcile',
    'bounds',
    'scrub',
  ];
  protected readonly help = {
    examples: [
      ['sweep', 'one shift, as fast as it goes'],
      ['sweep --dry-run --json', 'what it would do, for a program'],
    ],
  } as const;
}
