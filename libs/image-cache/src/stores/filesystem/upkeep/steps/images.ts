import type { CachedImage } from '../../../../ports/cache-store.js';
import type { EntryKey, EntryMeta } from '../../../../ports/entry.js';
import { probe } from '../entry-probe.js';
import { walkAll, type Step } from './step.js';

/** Images that are handed over together. */
const BATCH = 100;

interface Collected extends CachedImage {
  readonly entries: CachedImage['entries'][number][];
  bytes: number;
}

/** Reads which images there are and what states of them entries were made from, as fast as they are taken. */
export const images: Step = (context) => {
  const { run, disk, remover, send } = context;
  let batch: Collected[] = [];
  let last: EntryKey | undefined;
  const hand = (): void => {
    if (batch.length === 0) return;
    run.awaitCredit();
    send({ images: batch });
    batch = [];
  };
  const collect = (key: EntryKey, { identifier, source }: EntryMeta, bytes: number): void => {
    const isSame = last?.kind === key.kind && last.group === key.group;
    last = key;
    if (!isSame && batch.length === BATCH) hand();
    const known = isSame ? batch.at(-1) : undefined;
    const image = known ?? { identifier, entries: [], bytes: 0 };
    if (known === undefined) batch.push(image);
    image.entries.push({ key, source });
    image.bytes += bytes;
  };
  walkAll(context, (found) => {
    if (found.what !== 'entry') return false;
    run.look();
    const probed = probe(disk, found.path, found.key);
    if (probed === undefined) return true;
    if (probed.meta === undefined) return remover.setAside(found, probed.state);
    collect(found.key, probed.meta, probed.state.size);
    return false;
  });
  hand();
};
