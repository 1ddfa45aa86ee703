import { LRUCache } from 'lru-cache';
import type { Background } from '../common/background.js';
import { whileOpen } from '../common/deadline.js';
import { ImageCacheError } from '../common/errors.js';
import { SingleFlight } from '../common/single-flight.js';
import { keyString } from '../keys/entry-keys.js';
import type { CacheEvents } from '../observability/events.js';
import type { CacheStore } from '../ports/cache-store.js';
import type { Clock } from '../ports/clock.js';
import type { EntryKey, EntryMeta } from '../ports/entry.js';
import type { OpenedEntry } from '../ports/opened-entry.js';

/** What {@link SourceVerification} depends on. */
export interface SourceVerificationOptions {
  /** One that keeps files. */
  readonly store: CacheStore;
  /** Aborted when the cache closes and does not wait any longer. */
  readonly closing: AbortSignal;
  readonly clock: Clock;
  readonly events: CacheEvents;
  readonly background: Background;
}

/** Originals that were read through and found whole, of which so many are remembered. */
const REMEMBERED = 50_000;

/** Originals that could not be read, of which so many are remembered … */
const REMEMBERED_FAILURES = 1000;

/** … for so many milliseconds: nobody waits for the disk meanwhile. */
const UNREADABLE_FOR = 60_000;

/** Milliseconds that the disk may take to read an original through, however small … */
const PATIENCE = 10_000;

/** … and bytes that it has to give in each further one: a disk that is slower is as good as one that hangs. */
const SLOWEST = 10_000;

/**
 * Opens originals that are whole. A decoder reads a file as it is: what was damaged while no process looked is found when
 * it is opened first, by reading it through, once for all who want it.
 */
export class SourceVerification {
  readonly #options: SourceVerificationOptions;
  readonly #flights = new SingleFlight<boolean>();
  readonly #sound = new LRUCache<string, true>({ max: REMEMBERED });
  /** By group: until when they are left alone. */
  readonly #unreadable = new LRUCache<string, number>({ max: REMEMBERED_FAILURES });

  constructor(options: SourceVerificationOptions) {
    this.#options = options;
  }

  /** Spares an original the reading: it has just been written whole. */
  readonly trust = (key: EntryKey, kept: Pick<EntryMeta, 'createdAt'>): void => {
    this.#sound.set(nameOf(key, kept), true);
  };

  /** Whether an original is left alone for a while, since it could not be read. */
  isUnreadable({ group }: EntryKey): boolean {
    return this.#options.clock.now() < (this.#unreadable.get(group) ?? 0);
  }

  /**
   * Opens an original; `undefined` when there is none, when it is damaged, and when it cannot be read now.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_ABORTED` when the signal ends the wait
   */
  async open(key: EntryKey, signal: AbortSignal | undefined): Promise<OpenedEntry | undefined> {
    const entry = this.isUnreadable(key) ? undefined : await this.#options.store.openFile?.(key);
    if (entry === undefined || this.#sound.has(nameOf(key, entry.meta))) return entry;
    let isSound = false;
    let reading: Promise<unknown> | undefined;
    const verify = (): Promise<boolean> => {
      const verifying = this.#verify(key, entry);
      reading = verifying;
      return verifying;
    };
    try {
      isSound = await this.#wait(key, entry.meta, { verify, signal });
    } catch (error) {
      if (signal?.aborted === true || this.#options.closing.aborted) throw error;
      this.#giveUpOn(key, error);
    } finally {
      if (!isSound) this.#close(entry, reading);
    }
    return isSound ? entry : undefined;
  }

  async #verify(key: EntryKey, entry: OpenedEntry): Promise<boolean> {
    const isSound = await entry.verify();
    if (isSound) this.trust(key, entry.meta);
    return isSound;
  }

  async #wait(
    key: EntryKey,
    meta: EntryMeta,
    { verify, signal }: { readonly verify: () => Promise<boolean>; readonly signal: AbortSignal | undefined },
  ): Promise<boolean> {
    const { clock, closing } = this.#options;
    const timeout = PATIENCE + Math.ceil(meta.size / SLOWEST);
    const expired = (): Error =>
      new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', `It could not be read through within ${timeout} ms.`);
    const deadline = { clock, timeout, expired, signal };
    const join = (): Promise<boolean> =>
      this.#flights.join(nameOf(key, meta), verify, deadline).then(({ value }) => value);
    return whileOpen(join, closing);
  }

  #giveUpOn(key: EntryKey, error: unknown): void {
    // Others who have waited for the same have told of it.
    if (this.isUnreadable(key)) return;
    const { clock, events, store } = this.#options;
    this.#unreadable.set(key.group, clock.now() + UNREADABLE_FOR);
    events.emit('store-failed', { store: store.name, operation: 'verify', error });
  }

  /** Others may wait for what is read of it, and a disk that hangs gives nothing back either: nobody waits for that. */
  #close(entry: OpenedEntry, reading: Promise<unknown> = Promise.resolve()): void {
    const close = (): void => {
      this.#options.background.run('closing an original', () => entry.close());
    };
    reading.then(close, close);
  }
}

function nameOf(key: EntryKey, { createdAt }: Pick<EntryMeta, 'createdAt'>): string {
  return `${keyString(key)} ${createdAt}`;
}
