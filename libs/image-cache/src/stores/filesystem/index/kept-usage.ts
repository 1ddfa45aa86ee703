import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { TEMPORARY, uniqueName } from '../files/layout.js';
import type { Used } from './totals.js';

/** The name of the file, in the directory of the indexes. */
export const KEPT_USAGE = 'used.json';

/** What changes by less than this share … */
const SHARE = 1 / 64;

/** … or by less than this is not written again. */
const LEAST: Used = { bytes: 64 * 1024, entries: 16 };

const NOTHING: Used = { bytes: 0, entries: 0 };

/** What {@link KeptUsage} depends on. */
export interface KeptUsageOptions {
  readonly file: string;
  /** A directory that goes with the index that is in use, for what is being written. */
  readonly drafts: string;
}

/**
 * Keeps how much a cache takes in a small file, for an index that is made anew: until it knows what there is, it counts
 * that. It is written now and then, and need not be right: what it says is forgotten when all files have been taken in.
 */
export class KeptUsage {
  readonly #options: KeptUsageOptions;
  #kept: Used | undefined;

  constructor(options: KeptUsageOptions) {
    this.#options = options;
  }

  /** What the file says; nothing when there is none, or it is none of ours. */
  read(): Used {
    try {
      return parse(JSON.parse(readFileSync(this.#options.file, 'utf8')));
    } catch {
      return NOTHING;
    }
  }

  /** Writes it down, when it has changed by more than a little. */
  keep(used: Used): void {
    this.#kept ??= this.read();
    if (!differs(this.#kept, used, 'bytes') && !differs(this.#kept, used, 'entries')) return;
    const { bytes, entries } = used;
    const { file, drafts } = this.#options;
    const draft = `${drafts}/${uniqueName()}${TEMPORARY}`;
    writeFileSync(draft, `${JSON.stringify({ bytes, entries })}\n`, { flag: 'wx' });
    renameSync(draft, file);
    this.#kept = used;
  }
}

function differs(one: Used, other: Used, field: keyof Used): boolean {
  return Math.abs(one[field] - other[field]) > Math.max(LEAST[field], one[field] * SHARE);
}

function parse(found: unknown): Used {
  if (typeof found !== 'object' || found === null || !('bytes' in found) || !('entries' in found)) return NOTHING;
  const { bytes, entries } = found;
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  return isCount(bytes) && isCount(entries) ? { bytes, entries } : NOTHING;
}
