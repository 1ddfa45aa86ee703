import type { Clock, ScheduledCall } from '../ports/clock.js';

/** What {@link Turns} depend on. */
export interface TurnsOptions {
  readonly clock: Clock;
  /** Milliseconds that one turn may take; 0 = for ever. */
  readonly timeout: number;
  /** Made when a turn takes longer. */
  readonly expired: () => Error;
}

/**
 * Bounds the time of one who works on what another one gives piece by piece: its time does not run while it waits for the
 * next piece.
 */
export class Turns {
  readonly #options: TurnsOptions;
  #timer: ScheduledCall | undefined;
  #giveUp: (error: Error) => void = () => undefined;
  #isOver = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** The next piece is waited for. */
  readonly waits = (): void => {
    this.#timer?.cancel();
    this.#timer = undefined;
  };

  /** The next piece is there, or there are no more. */
  readonly goesOn = (): void => {
    const { clock, timeout, expired } = this.#options;
    if (timeout === 0 || this.#isOver) return;
    const giveUp = (): void => {
      this.#giveUp(expired());
    };
    this.#timer ??= clock.schedule(timeout, giveUp, { deadline: true });
  };

  /** Waits for the work, no longer than a turn may take. */
  async bound<T>(work: Promise<T>): Promise<T> {
    const overdue = new Promise<never>((_resolve, reject) => (this.#giveUp = reject));
    this.goesOn();
    try {
      return await Promise.race([work, overdue]);
    } finally {
      this.#isOver = true;
      this.waits();
    }
  }
}
