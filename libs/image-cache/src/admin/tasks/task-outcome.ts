import type { ManagedChange } from '../../observability/events.js';
import { countsOf, countSweep } from '../shapes.js';
import type { TaskResult } from './task-registry.js';

/** What is told of what came of a task. */
export function outcomeOf(result: TaskResult): Pick<ManagedChange, 'counts' | 'isPartial'> {
  return { counts: countsIn(result), ...(result.aborted === true && { isPartial: true }) };
}

function countsIn(result: TaskResult): Readonly<Record<string, number>> {
  if ('steps' in result) return countSweep(result);
  if ('infos' in result) return { ...countsOf(result) };
  if ('queued' in result) {
    const { queued, alreadyQueued, writing, cached, omittedFolders } = result;
    return { queued, alreadyQueued, writing, cached, ...(omittedFolders !== undefined && { omittedFolders }) };
  }
  const { completed, retried, dead } = result;
  return { completed, retried, dead };
}
