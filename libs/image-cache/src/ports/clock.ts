/** A call that was put off with {@link Clock.schedule}. */
export interface ScheduledCall {
  /** Takes the call back; without effect once it has run. */
  cancel(): void;
}

/** How a call is put off. */
export interface ScheduleOptions {
  /** Whether somebody waits for the call; then it does keep the process alive. @default false */
  readonly awaited?: boolean;
  /** Whether the call gives something up that has not come in time, and is taken back when it comes. @default false */
  readonly deadline?: boolean;
}

/** The only source of time in the library, so that tests can move it by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Runs `callback` once, `delay` milliseconds from now. A scheduled call does not keep the process alive.
   */
  schedule(delay: number, callback: () => void, options?: ScheduleOptions): ScheduledCall;
  /**
   * Runs `callback` every `interval` milliseconds until it is cancelled, and when the time has jumped, once for all the
   * times that it was due. Does not keep the process alive.
   *
   * @default calls of `schedule`, one after the other
   */
  repeat?(interval: number, callback: () => void): ScheduledCall;
}
