import type { Kind } from '../../../ports/entry.js';
import type { IndexRecord } from './index-codec.js';

/** What entries of one kind add up to. */
export interface KindTotals {
  readonly entries: number;
  /** Bytes of the bodies. */
  readonly size: number;
  /** Bytes on the disk, with those of the directories. */
  readonly stored: number;
}

/** What is in the root of a cache, by bytes on the disk. */
export interface Totals {
  readonly kinds: Readonly<Record<Kind, KindTotals>>;
  /** Set apart for writes that are under way. */
  readonly claimed: number;
  /** Writes that are under way; each may become an entry. */
  readonly writes: number;
  /** Out of sight and not given back yet: trash and quarantine. */
  readonly discarded: number;
}

const NONE: KindTotals = { entries: 0, size: 0, stored: 0 };

/** Of an empty cache. */
export const NOTHING: Totals = {
  kinds: { info: NONE, variant: NONE, source: NONE },
  claimed: 0,
  writes: 0,
  discarded: 0,
};

/** Bytes on the disk that count towards the bounds. */
export function bytesUsed({ kinds, claimed, discarded }: Totals): number {
  return kinds.info.stored + kinds.variant.stored + kinds.source.stored + claimed + discarded;
}

/** Entries, with those that are being written. */
export function entriesUsed({ kinds, writes }: Totals): number {
  return kinds.info.entries + kinds.variant.entries + kinds.source.entries + writes;
}

/** Totals with an entry more, or one less for a `sign` of -1. */
export function withEntry(totals: Totals, kind: Kind, { size, stored }: IndexRecord, sign: 1 | -1 = 1): Totals {
  const { [kind]: before } = totals.kinds;
  const after: KindTotals = {
    entries: before.entries + sign,
    size: before.size + sign * size,
    stored: before.stored + sign * stored,
  };
  return { ...totals, kinds: { ...totals.kinds, [kind]: after } };
}
