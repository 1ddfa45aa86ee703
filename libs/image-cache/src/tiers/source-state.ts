import type { SourceStamp } from '../ports/entry.js';

/** What is known about the source image while an entry is judged. */
export type SourceState =
  | { readonly status: 'found'; readonly stamp: SourceStamp }
  | { readonly status: 'missing' }
  | {
      readonly status: 'unavailable';
      /** Milliseconds since the epoch when that was found first. */ readonly since: number;
    }
  /** Nobody asked: aggressive mode. */
  | {
      readonly status: 'unknown';
      /** The source was asked, and could not tell; it may do so for a while. */ readonly tolerated?: true;
    };

/**
 * What may be gone by: for some time a source that cannot tell is like one that nobody has asked.
 *
 * @param limit milliseconds after the source was found to be unavailable
 */
export function tolerate(state: SourceState, now: number, limit: number): SourceState {
  if (state.status !== 'unavailable' || limit === 0 || now - state.since > limit) return state;
  return { status: 'unknown', tolerated: true };
}

/** Whether this is a state of {@link tolerate}. */
export function isTolerated(state: SourceState): boolean {
  return state.status === 'unknown' && state.tolerated === true;
}

const FIELDS: readonly (keyof SourceStamp)[] = ['etag', 'lastModified', 'inode', 'changed'];

/** Whether two stamps tell of the same state of a source image. */
export function sameStamp(one: SourceStamp, other: SourceStamp): boolean {
  return FIELDS.every((field) => one[field] === other[field]) && isSameSize(one, other);
}

/**
 * Beside a date, a length counts where both tell one: servers may leave it out in answer to HEAD (RFC 9110, section
 * 9.3.2), and do not know it of what they send in chunks. Without a date it is all that there is to go by.
 */
function isSameSize({ size: one, lastModified }: SourceStamp, { size: other }: SourceStamp): boolean {
  return one === other || (lastModified !== undefined && (one === undefined || other === undefined));
}

/** Whether two looks at a source image saw the same; of what nobody can tell about, no two are the same. */
export function sameState(one: SourceState, other: SourceState): boolean {
  if (one.status === 'unknown') return other.status === 'unknown';
  return one.status === 'found' && other.status === 'found' && sameStamp(one.stamp, other.stamp);
}

/** What `Cache-Status` says of a hit that nobody could vouch for. */
export const SOURCE_UNAVAILABLE = 'source-unavailable';
