import type { FoundFile } from '../../files/walk.js';
import { walkAll, type Step } from './step.js';

/** Files that are handed over together. */
const BATCH = 500;

/** Tells of all files of entries, in the order of their keys, as fast as they are taken. */
export const files: Step = (context) => {
  const { run, disk, send } = context;
  let batch: FoundFile[] = [];
  const hand = (): void => {
    if (batch.length === 0) return;
    run.awaitCredit();
    send({ files: batch });
    batch = [];
  };
  walkAll(context, (found) => {
    if (found.what !== 'entry') return false;
    run.look();
    const state = disk.state(found.path);
    if (state === undefined) return true;
    const { size, mtimeMs } = state;
    batch.push({ key: found.key, size, mtimeMs });
    if (batch.length === BATCH) hand();
    return false;
  });
  hand();
};
