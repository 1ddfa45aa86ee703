import type { Expiry } from '../../../../ports/cache-store.js';
import { probe } from '../entry-probe.js';
import { walkTree, type EntryFile } from '../tree-walk.js';
import { KINDS, type Step, type StepContext } from './step.js';

/** Removes what nobody has asked for in time, and what is too old. Only for the latter files have to be read. */
export const expired: Step = (context) => {
  for (const kind of KINDS) {
    const expiry = context.request.expiry?.[kind];
    if (expiry === undefined || expiry.idle + expiry.staleness === 0) continue;
    const visit = visitor(context, expiry);
    walkTree({ ...context, kind, visit: (found) => found.what === 'entry' && visit(found) });
  }
};

function visitor(
  { run, disk, remover, request }: StepContext,
  { idle, staleness }: Expiry,
): (file: EntryFile) => boolean {
  return (file) => {
    run.look();
    const seen = disk.state(file.path);
    if (seen === undefined) return true;
    if (idle > 0 && request.now - seen.mtimeMs > idle) return remover.entry(file, seen);
    if (staleness === 0) return false;
    const probed = probe(disk, file.path, file.key);
    if (probed === undefined) return true;
    if (probed.meta === undefined) return remover.setAside(file, probed.state);
    if (request.now - probed.meta.createdAt <= staleness) return false;
    // Reading takes time.
    return remover.isStill(file.path, probed.state) && remover.entry(file, probed.state);
  };
}
