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
  #beat: Promise<void> = Promise.resolve();

  constructor(options: SignsOfLifeOptions) {
    this.#options = options;
  }

  /** Gives signs for as long as this process has jobs. */
  give(): void {
    const { clock, journal, holder, onError } = this.#options;
    this.#beating ??= repeat(clock, BEAT, () => {
      if (!journal.state.holders().has(holder)) {
        this.#stop();
        return;
      }
      this.#beat = this.#giveOne().catch((error: unknown) => {
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

  /** When the next process counts as lost, if it gives no sign of life until then; milliseconds since the epoch. */
  nextLoss(): number | undefined {
    const { journal, holder: me } = this.#options;
    const others = [...journal.state.holders()].filter((holder) => holder !== me);
    return others.length === 0 ? undefined : Math.min(...others.map((holder) => this.#look(holder).since + LOST));
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#beat;
  }

  #stop(): void {
    this.#beating?.cancel();
    this.#beating = undefined;
  }

  /** What others have left may be more urgent than what this process would do next. */
  async #giveOne(): Promise<void> {
    const { clock, journal, holder, progress } = this.#options;
    await journal.submit({ op: 'beat', holder, at: clock.now(), progress: progress() });
    await this.reap();
  }

  async #reapOf(holder: string): Promise<boolean> {
    const { journal, clock, hasEnded } = this.#options;
    const { beats, since } = this.#look(holder);
    const isLost = clock.now() - since >= LOST || (await hasEnded(holder));
    return isLost && (await journal.submit({ op: 'expire', holder, beats })).accepted;
  }

  /** A process that has just begun goes by what the journal says; the clock of who has written that may be fast. */
  #look(holder: string): { readonly beats: number; readonly since: number } {
    const { journal, clock } = this.#options;
    const now = clock.now();
    const { beats, at = now } = journal.state.lastSignOf(holder);
    const known = this.#seen.get(holder);
    const look = known?.beats === beats ? known : { beats, since: Math.min(at, now) };
    this.#seen.set(holder, look);
    return look;
  }
}
