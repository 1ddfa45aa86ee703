import { keyString } from '../../../../keys/entry-keys.js';
import { verify, type Probed } from '../entry-probe.js';
import { StepEnd } from '../step-run.js';
import { walkTree, type EntryFile } from '../tree-walk.js';
import { KINDS, type Step, type StepContext } from './step.js';

/** Milliseconds since the last access, within which an entry was verified by whoever has read it. */
const RECENT = 86_400_000;

/** Bytes after which it is written down how far the step has come: what a crash makes it read again. */
const CHECKPOINT = 256 * 1024 * 1024;

/**
 * Reads what nobody has read for long, compares it with its digest and sets aside what is damaged. Goes on where the
 * last shift has stopped, and begins anew when it is through.
 */
export const scrub: Step = (context) => {
  const cursor = new Cursor(context);
  const after = cursor.read();
  const first = after?.split('/', 1)[0] ?? '';
  const rest = KINDS.filter((kind) => kind >= first);
  const visit = visitor(context, cursor);
  try {
    for (const kind of rest) {
      const course = { ...context, kind, after: kind === first ? after : undefined };
      walkTree({ ...course, visit: (found) => found.what === 'entry' && visit(found) });
    }
    cursor.clear();
  } catch (error) {
    cursor.write();
    throw error;
  }
};

function visitor(context: StepContext, cursor: Cursor): (file: EntryFile) => boolean {
  const { run, disk, remover, request } = context;
  let budget = request.budget;
  let unwritten = 0;
  const onRead = (bytes: number): void => {
    budget -= bytes;
    unwritten += bytes;
    run.proceed({ bytes });
  };
  const finish = (file: EntryFile, probed: Probed | undefined): boolean => {
    cursor.reach(file);
    const isGone = probed === undefined || (probed.meta === undefined && remover.setAside(file, probed.state));
    if (unwritten >= CHECKPOINT) {
      cursor.write();
      unwritten = 0;
    }
    if (budget <= 0) throw new StepEnd();
    return isGone;
  };
  return (file) => {
    const seen = disk.state(file.path);
    if (seen === undefined) return true;
    if (request.now - seen.mtimeMs <= RECENT) {
      run.proceed({ files: 1 });
      return false;
    }
    run.look();
    return finish(file, verify(disk, file, onRead));
  };
}

/** How far the verification has come, in a small file of the root. */
class Cursor {
  readonly #context: StepContext;
  #reached: string | undefined;

  constructor(context: StepContext) {
    this.#context = context;
  }

  /** The key behind which to go on; whatever else is in the file means to begin anew. */
  read(): string | undefined {
    const { disk, layout } = this.#context;
    try {
      const written: unknown = JSON.parse(disk.readText(layout.scrubCursor) ?? '{}');
      if (typeof written !== 'object' || written === null || !('after' in written)) return undefined;
      return typeof written.after === 'string' ? written.after : undefined;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  reach({ key }: EntryFile): void {
    this.#reached = keyString(key);
  }

  /** Whole or not at all: another process may be at it too. */
  write(): void {
    const { disk, layout, run, request } = this.#context;
    const reached = this.#reached;
    if (reached === undefined || request.dryRun) return;
    run.attempt(layout.scrubCursor, () => {
      const draft = layout.draft();
      disk.writeText(draft, `${JSON.stringify({ after: reached })}\n`);
      disk.move(draft, layout.scrubCursor);
      return true;
    });
  }

  clear(): void {
    const { disk, layout, run, request } = this.#context;
    if (request.dryRun) return;
    run.attempt(layout.scrubCursor, () => {
      disk.remove(layout.scrubCursor);
      return true;
    });
  }
}
