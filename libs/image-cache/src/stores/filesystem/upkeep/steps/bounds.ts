import { HIGH, isEnough, LOW, shortageOf, type Shortage } from '../../space/bounds.js';
import { Census, spaceOf, type Span } from '../census.js';
import type { DiskState } from '../disk.js';
import type { EntryFile } from '../tree-walk.js';
import { walkAll, type Step, type StepContext } from './step.js';

/** Entries of one span that are put in order; where there are more, they go as they come. */
const LARGEST_SPAN = 20_000;

/**
 * Removes the least recently used entries down to the low watermark, when the bounds are nearly reached or exceeded:
 * counts all by their last access first, and goes through them once more when something has to go.
 */
export const bounds: Step = (context) => {
  const { disk, layout, request } = context;
  if (request.bounds === undefined) return;
  const census = takeCensus(context);
  const free = disk.free(layout.root);
  if (isEnough(shortageOf(census.totals(), request.bounds, free, HIGH))) return;
  const shortage = shortageOf(census.totals(), request.bounds, free, LOW);
  new Clearance(context, shortage, census.lastToGo(shortage)).run();
};

/** All that takes space: entries, and what is being written, foreign, in the trash or in quarantine. */
function takeCensus(context: StepContext): Census {
  const { run, disk, layout, request } = context;
  const census = new Census(request.now);
  walkAll(context, (found) => {
    if (found.what === 'directory') return false;
    if (found.what === 'entry') run.look();
    const state = found.what === 'entry' ? disk.state(found.path) : undefined;
    if (state === undefined) census.addOther(spaceBelow(context, found.path));
    else census.addEntry(state);
    return false;
  });
  for (const path of [layout.trash, layout.quarantine])
    run.attempt(path, () => {
      census.addOther(spaceBelow(context, path));
      return true;
    });
  return census;
}

function spaceBelow(context: StepContext, path: string): number {
  const { run, disk } = context;
  run.proceed({ files: 1 });
  const state = disk.state(path);
  if (state === undefined) return 0;
  if (!state.isDirectory) return spaceOf(state);
  return disk.list(path).reduce((sum, { name }) => sum + spaceBelow(context, `${path}/${name}`), 0);
}

type Counted = { -readonly [Field in keyof Shortage]: Shortage[Field] };

interface Candidate {
  readonly file: EntryFile;
  readonly seen: DiskState;
}

/** Removes what was asked for before a span, and of those in it as many as it takes, the least recently used first. */
class Clearance {
  readonly #context: StepContext;
  /** What has to go still, in all. */
  readonly #missing: Counted;
  /** What of the span has to go still. */
  readonly #ofSpan: Counted;
  readonly #last: Span;
  readonly #candidates: Candidate[] = [];

  constructor(context: StepContext, shortage: Shortage, last: Span) {
    this.#context = context;
    this.#missing = { ...shortage };
    this.#ofSpan = { ...last.shortage };
    this.#last = last;
  }

  run(): void {
    const { run, remover } = this.#context;
    walkAll(this.#context, (found) => found.what === 'entry' && this.#visit(found));
    for (const { file, seen } of this.#candidates.sort((one, other) => one.seen.mtimeMs - other.seen.mtimeMs)) {
      if (isEnough(this.#missing)) return;
      run.proceed({ files: 1 });
      // It may have been asked for, or rendered anew, since it was found.
      run.attempt(file.path, () => !remover.isStill(file.path, seen) || this.#remove({ file, seen }));
    }
  }

  /** What was asked for or rendered anew since it was counted is not as old any more. */
  #visit(file: EntryFile): boolean {
    const { run, disk } = this.#context;
    const { from, to, entries } = this.#last;
    run.proceed({ files: 1 });
    const seen = disk.state(file.path);
    if (seen === undefined) return true;
    if (seen.mtimeMs >= to || isEnough(this.#missing)) return false;
    if (seen.mtimeMs < from) return this.#remove({ file, seen });
    if (entries <= LARGEST_SPAN) this.#candidates.push({ file, seen });
    else if (!isEnough(this.#ofSpan)) {
      subtract(this.#ofSpan, seen);
      return this.#remove({ file, seen });
    }
    return false;
  }

  #remove({ file, seen }: Candidate): boolean {
    this.#context.remover.entryOfImage(file, seen);
    subtract(this.#missing, seen);
    return true;
  }
}

function subtract(counted: Counted, seen: DiskState): void {
  counted.bytes -= spaceOf(seen);
  counted.entries -= 1;
}
