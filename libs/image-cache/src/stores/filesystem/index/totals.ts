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

/** How much of the bounds is taken. */
export interface Used {
  /** Bytes on the disk. */
  readonly bytes: number;
  readonly entries: number;
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
  /** In the files, and not taken into the index yet, by what was there before the index was made. */
  readonly unknown: Used;
}

const NONE: KindTotals = { entries: 0, size: 0, stored: 0 };

/** Of an empty cache. */
export const NOTHING: Totals = {
  kinds: { info: NONE, variant: NONE, source: NONE },
  claimed: 0,
  writes: 0,
  discarded: 0,
  unknown: { bytes: 0, entries: 0 },
};

/** Bytes on the disk that count towards the bounds. */
export function bytesUsed({ kinds, claimed, discarded, unknown }: Totals): number {
  return kinds.info.stored + kinds.variant.stored + kinds.source.stored + claimed + discarded + unknown.bytes;
}

/** Entries, with those that are being written. */
export function entriesUsed({ kinds, writes, unknown }: Totals): number {
  return kinds.info.entries + kinds.variant.entries + kinds.source.entries + writes + unknown.entries;
}

/** What is taken of both bounds. */
export function usedOf(totals: Totals): Used {
  return { bytes: bytesUsed(totals), entries: entriesUsed(totals) };
}

/** Totals in which an entry is known, of so many bytes, that was there before. */
export function withFound(totals: Totals, bytes: number): Totals {
  const { unknown } = totals;
  const left = { bytes: Math.max(0, unknown.bytes - bytes), entries: Math.max(0, unknown.entries - 1) };
  return { ...totals, unknown: left };
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
