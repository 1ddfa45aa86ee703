import { isImageCacheError } from '../common/errors.js';
import type { CommitBody, Reservation } from '../ports/cache-store.js';
import type { EntryMeta, Generation, NewEntryMeta } from '../ports/entry.js';

/** What a {@link TieredReservation} consists of. */
export interface TieredReservationParts {
  readonly generation: Generation;
  readonly hot: Reservation;
  readonly durable: Reservation;
  /** Called when the durable store has the entry. */
  readonly onCommit: () => void;
  /** Takes the former entry out of the upper store. */
  readonly drop: () => Promise<unknown>;
}

/** The right to publish an entry in a durable store, and to keep it in the upper one. */
export class TieredReservation implements Reservation {
  readonly generation: Generation;
  readonly #parts: TieredReservationParts;

  constructor(parts: TieredReservationParts) {
    this.generation = parts.generation;
    this.#parts = parts;
  }

  get file(): string | undefined {
    return this.#parts.durable.file;
  }

  async commit(source: CommitBody, meta: NewEntryMeta): Promise<EntryMeta | 'fenced'> {
    const { hot, durable, onCommit, drop } = this.#parts;
    try {
      const committed = await durable.commit(source, meta);
      if (committed === 'fenced') return committed;
      onCommit();
      const kept = 'body' in source && Buffer.isBuffer(source.body) && (await keep(hot, source.body, meta));
      if (!kept) await drop();
      return committed;
    } finally {
      await hot.abort();
    }
  }

  async abort(): Promise<void> {
    await Promise.all([this.#parts.hot.abort(), this.#parts.durable.abort()]);
  }
}

/** The upper store is smaller: what does not fit stays below. Tells whether the body was kept. */
export async function keep(fence: Reservation, body: Buffer, meta: NewEntryMeta): Promise<boolean> {
  try {
    return (await fence.commit({ body }, meta)) !== 'fenced';
  } catch (error) {
    if (!isImageCacheError(error, 'E_IMAGE_CACHE_TOO_LARGE')) throw error;
    return false;
  }
}
