import type { Kind } from '../../../../ports/entry.js';
import type { Layout } from '../../files/layout.js';
import type { Disk, DiskState } from '../disk.js';
import type { Batch, StepRequest } from '../protocol.js';
import type { Remover } from '../remover.js';
import type { StepRun } from '../step-run.js';
import { walkTree, type Found, type Visit } from '../tree-walk.js';

/** What a step works with. */
export interface StepContext {
  readonly request: StepRequest;
  readonly disk: Disk;
  readonly layout: Layout;
  readonly run: StepRun;
  readonly remover: Remover;
  /** Hands a part of a list over. */
  readonly send: (batch: Batch) => void;
}

/** A step of maintenance, from its beginning to its end. What it throws ends it. */
export type Step = (context: StepContext) => void;

/** In the order of their names: a step that is taken up again goes on behind the last key. */
export const KINDS: readonly Kind[] = ['info', 'source', 'variant'];

/** Visits what is in the trees of all kinds. */
export function walkAll(context: StepContext, visit: Visit): void {
  for (const kind of KINDS) walkTree({ ...context, kind, visit });
}

/** What would be removed as it is, if it has not changed for long enough: somebody may be about to write into it. */
export function isOld({ disk, request }: StepContext, path: string): boolean {
  const state = disk.state(path);
  return state !== undefined && latestChange(disk, path, state) <= request.now - request.stall;
}

/** Milliseconds since the epoch; of a directory, that of its youngest content. */
function latestChange(disk: Disk, path: string, state: DiskState): number {
  if (!state.isDirectory) return state.mtimeMs;
  const changes = disk.list(path).map(({ name }) => {
    const child = disk.state(`${path}/${name}`);
    return child === undefined ? 0 : latestChange(disk, `${path}/${name}`, child);
  });
  return changes.reduce((latest, each) => Math.max(latest, each), state.mtimeMs);
}

/** Removes what is no entry, with all that is in it. */
export function removeForeign({ disk, remover }: StepContext, { path }: Found): boolean {
  const state = disk.state(path);
  if (state === undefined) return true;
  return state.isDirectory ? remover.directory(path) : remover.file(path, state);
}
