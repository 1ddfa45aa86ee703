import { isImageCacheError } from '../common/errors.js';
import type { CacheEvents, Tier } from '../observability/events.js';
import type { CommitBody, Reservation } from '../ports/cache-store.js';
import type { NewEntryMeta } from '../ports/entry.js';

/** What is to be committed, and by which tier. */
export interface StoreCommit {
  readonly tier: Tier;
  readonly reservation: Reservation;
  readonly body: CommitBody;
  readonly meta: NewEntryMeta;
  /** Told of what the commit failed of. */
  readonly onFailure?: (error: unknown) => void;
}

/** Commits an entry and tells what came of it; nothing is thrown. Resolves with whether it has been published. */
export async function commitToStore(
  { tier, reservation, body, meta, onFailure }: StoreCommit,
  events: CacheEvents,
): Promise<boolean> {
  const told = { tier, identifier: meta.identifier };
  try {
    const committed = await reservation.commit(body, meta);
    if (committed === 'fenced') events.emit('not-stored', { ...told, reason: 'fenced' });
    else events.emit('stored', { ...told, bytes: committed.size });
    return committed !== 'fenced';
  } catch (error) {
    const reason = isImageCacheError(error, 'E_IMAGE_CACHE_TOO_LARGE') ? 'too-large' : 'failed';
    // A commit that never came to the store has cleared nothing away there; an abort that fails has been told of.
    await reservation.abort().catch(() => undefined);
    events.emit('not-stored', { ...told, reason, error });
    onFailure?.(error);
    return false;
  }
}
