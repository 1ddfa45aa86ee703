import { DRAFT } from '../../files/layout.js';
import { isOld, removeForeign, walkAll, type Step } from './step.js';

/** Removes unfinished writes that nothing has happened to for too long. */
export const abandoned: Step = (context) => {
  const { run, disk, layout } = context;
  walkAll(context, (found) => {
    if (found.what === 'directory') return false;
    run.look();
    return found.what === 'write' && isOld(context, found.path) && removeForeign(context, found);
  });
  for (const { name } of disk.list(layout.root).filter((child) => DRAFT.test(child.name))) {
    const path = `${layout.root}/${name}`;
    run.look();
    run.attempt(path, () => isOld(context, path) && removeForeign(context, { what: 'foreign', path }));
  }
};
