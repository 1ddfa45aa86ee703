import type { Admission, Priority } from '../common/admission.js';
import { ClientQuota } from '../common/client-quota.js';
import { whileOpen } from '../common/deadline.js';
import { isImageCacheError } from '../common/errors.js';
import type { CacheEvents } from '../observability/events.js';

/** What {@link RenderTurns} depend on. */
export interface RenderTurnsOptions {
  readonly admission: Admission;
  /** Renders that one client may have at a time; without a number, as many as it wants. */
  readonly perClient: number | undefined;
  /** Aborted when the cache closes and does not wait any longer. */
  readonly closing: AbortSignal;
  readonly events: CacheEvents;
}

/** For whom something is rendered. */
export interface RenderTurn {
  readonly identifier: string;
  /** Whose render it is, if clients are limited. */
  readonly client?: string | undefined;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** @default 'interactive' */
  readonly priority?: Priority | undefined;
}

/** Gives renders their turns, each client so many at a time, and tells who is refused. */
export class RenderTurns {
  readonly #options: RenderTurnsOptions;
  readonly #quota: ClientQuota;

  constructor(options: RenderTurnsOptions) {
    this.#options = options;
    this.#quota = new ClientQuota(options.perClient);
  }

  /** Whether the renders of one client are limited. */
  get limitsClients(): boolean {
    return this.#options.perClient !== undefined;
  }

  /**
   * Counts a render for a client. Call the result when it has ended.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_TOO_MANY`
   */
  charge(client: string | undefined): () => void {
    return this.#quota.take(client);
  }

  /**
   * Does for one caller alone what costs as much as a render, when its turn has come.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_OVERLOADED`, `E_IMAGE_CACHE_TOO_MANY`, `E_IMAGE_CACHE_ABORTED`, or what the
   * work threw
   */
  admit<T>(work: () => Promise<T>, turn: RenderTurn): Promise<T> {
    const { admission, closing } = this.#options;
    const { client, signal = closing, priority = 'interactive' } = turn;
    return this.telling(turn, async () => {
      const giveBack = this.charge(client);
      try {
        return await admission.run(() => whileOpen(work, closing), { signal, priority: () => priority });
      } finally {
        giveBack();
      }
    });
  }

  /** Does what may be refused, and tells when it is. */
  async telling<T>({ identifier, client }: RenderTurn, work: () => Promise<T>): Promise<T> {
    const { events } = this.#options;
    try {
      return await work();
    } catch (error) {
      if (isImageCacheError(error, 'E_IMAGE_CACHE_OVERLOADED')) events.emit('overloaded', { identifier, error });
      if (isImageCacheError(error, 'E_IMAGE_CACHE_TOO_MANY'))
        events.emit('limited', { identifier, error, ...(client !== undefined && { client }) });
      throw error;
    }
  }
}
