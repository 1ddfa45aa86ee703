import { KEPT } from '../../eviction/quarantine.js';
import { timeOf } from '../../files/layout.js';
import { removeForeign, type Step } from './step.js';

/** Removes damaged files that were set aside, beyond the number, the bytes and the age that are kept; the latest stay. */
export const quarantine: Step = (context) => {
  const { run, disk, layout, request } = context;
  const kept = { files: 0, bytes: 0 };
  for (const { name } of [...disk.list(layout.quarantine)].reverse()) {
    const path = `${layout.quarantine}/${name}`;
    run.look();
    run.attempt(path, () => {
      const state = disk.state(path);
      if (state === undefined) return true;
      const isYoung = request.now - (timeOf(name) ?? state.mtimeMs) <= KEPT.age;
      const hasRoom = kept.files < KEPT.files && kept.bytes + state.size <= KEPT.bytes;
      if (!isYoung || !hasRoom) {
        if (!removeForeign(context, { what: 'foreign', path })) return false;
        run.emptied(path);
        return true;
      }
      kept.files += 1;
      kept.bytes += state.size;
      return false;
    });
  }
};
