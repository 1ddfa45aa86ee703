import { isOld, removeForeign, walkAll, type Step } from './step.js';

/** Removes files that are no entries, and empty directories. */
export const detritus: Step = (context) => {
  const { run, remover } = context;
  walkAll(context, (found) => {
    run.look();
    if (found.what === 'directory') return found.isEmpty && remover.emptyDirectory(found.path);
    return found.what === 'foreign' && isOld(context, found.path) && removeForeign(context, found);
  });
};
