import { timeOf } from '../../files/layout.js';
import type { Step } from './step.js';

/** Gives the space back of what earlier evictions have left, those of other processes too. */
export const trash: Step = ({ run, disk, layout, remover, request }) => {
  const inUse = new Set(request.trash.names);
  for (const { name } of disk.list(layout.trash)) {
    const isYoung = timeOf(name) !== undefined && name >= request.trash.from;
    if (isYoung || inUse.has(name)) continue;
    const path = `${layout.trash}/${name}`;
    if (run.attempt(path, () => remover.trash(path))) run.emptied(path);
  }
};
