import { repeat } from '../../common/repeat.js';
import type { Clock, ScheduledCall } from '../../ports/clock.js';
import type { PrefetchProgress } from '../prefetcher.js';
import type { Journal } from './journal.js';

/** Milliseconds between two signs of life of who has jobs. */
const BEAT = 5000;

/** Milliseconds without a sign of life after which the jobs of a process are taken over. */
const LOST = 30_000;

/** What {@link SignsOfLife} depend on. */
export interface SignsOfLifeOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  /** Names this process among those that share the journal. */
  readonly holder: string;
  /** Whether a process has ended for sure; of one on another host nobody knows. */
  readonly hasEnded: (holder: string) => Promise<boolean>;
  /** Told of what fails that nobody waits for. */
  readonly onError: (what: string, error: unknown) => void;
  /** How far the jobs of this process are, by id. */
  readonly progress: () => Readonly<Record<string, PrefetchProgress>>;
}

/** What processes that share a journal tell one another while they have jobs, and what becomes of the jobs of a silent one. */
export class SignsOfLife {
  readonly #options: SignsOfLifeOptions;
  /** By holder, how much it had written at the last look, and since when it has been no more. */
  readonly #seen = new Map<string, { readonly beats: number; readonly since: number }>();
  #beating: ScheduledCall | undefined;

  constructor(options: SignsOfLifeOptions) {
    this.#options = options;
  }

  /** Gives signs for as long as this process has jobs. */
  give(): void {
    const { clock, journal, holder, progress, onError } = this.#options;
    this.#beating ??= repeat(clock, BEAT, () => {
      if (!journal.state.holders().has(holder)) {
        this.close();
        return;
      }
      journal.submit({ op: 'beat', holder, progress: progress() }).catch((error: unknown) => {
        onError('giving a sign of life', error);
      });
    });
  }

  /**
   * Frees the jobs of processes that have ended, or have given no sign of life for half a minute.
   *
   * @returns whether there were any
   */
  async reap(): Promise<boolean> {
    const { journal, holder: me } = this.#options;
    const holders = journal.state.holders();
    for (const holder of this.#seen.keys()) if (!holders.has(holder)) this.#seen.delete(holder);
    let isAny = false;
    for (const holder of holders) if (holder !== me && (await this.#reapOf(holder))) isAny = true;
    return isAny;
  }

  close(): void {
    this.#beating?.cancel();
    this.#beating = undefined;
  }

  async #reapOf(holder: string): Promise<boolean> {
    const { journal, clock, hasEnded } = this.#options;
    const beats = journal.state.beatsOf(holder);
    const known = this.#seen.get(holder);
    const since = known?.beats === beats ? known.since : clock.now();
    this.#seen.set(holder, { beats, since });
    const isLost = clock.now() - since >= LOST || (await hasEnded(holder));
    return isLost && (await journal.submit({ op: 'expire', holder, beats })).accepted;
  }
}
