import type { Priority } from './admission.js';
import { abortError, withDeadline, type DeadlineOptions } from './deadline.js';
import { isAbandonment } from './errors.js';

/** What the turn of a flight depends on beside the signal. */
export interface FlightPriority {
  /** Interactive as soon as somebody has joined who is. */
  readonly priority: () => Priority;
}

/**
 * Does the work of a flight when its turn comes, or comes by its value in another way. The signal is aborted when nobody
 * waits for the value any more.
 */
export type Turn<T> = (work: () => Promise<T>, signal: AbortSignal, flight: FlightPriority) => Promise<T>;

/** How a caller waits. */
export interface JoinOptions<T> extends DeadlineOptions {
  /** @default 'interactive' */
  readonly priority?: Priority;
  /** The turn of the flight, if this caller starts it. @default at once */
  readonly turn?: Turn<T>;
  /**
   * Called when this caller is about to start the flight; what it throws is for this caller alone. What it returns is
   * called when the flight has ended.
   */
  readonly charge?: () => () => void;
  /**
   * Until when others may join a flight that has its value already; of the caller that starts it. What it returns does not
   * reject. @default no longer
   */
  readonly lasting?: (value: T) => Promise<unknown> | undefined;
}

/** What a caller gets out of a flight. */
export interface Landed<T> {
  readonly value: T;
  /** Whether another caller's task made the value. */
  readonly collapsed: boolean;
}

interface Flight<T> {
  /** Tasks of the callers that wait, in the order of their arrival. */
  readonly waiting: Map<symbol, () => Promise<T>>;
  /** The caller whose task has begun. */
  leader: symbol | undefined;
  controller: AbortController;
  begun: boolean;
  priority: Priority;
  readonly turn: Turn<T>;
  readonly outcome: Promise<T>;
  /** Resolves when nobody can join any more. */
  landed: Promise<void>;
}

/**
 * Lets one caller work for all that want the same at the same time: of those who wait when the turn comes, the one that
 * has waited longest.
 *
 * A caller that leaves, or whose deadline passes, never ends a task that has begun; work that has not begun and that
 * nobody waits for is dropped. When the leading task was abandoned, the longest waiting caller's takes over, once; any
 * other failure is everybody's.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** Number of flights in the air. */
  get size(): number {
    return this.#flights.size;
  }

  /** Joins the flight of this key, or starts one. */
  async join(key: string, task: () => Promise<T>, deadline: JoinOptions<T>): Promise<Landed<T>> {
    const me = Symbol(key);
    const flight = this.#flights.get(key) ?? this.#start(key, deadline);
    flight.waiting.set(me, task);
    if (deadline.priority !== 'background') flight.priority = 'interactive';
    try {
      const value = await withDeadline(flight.outcome, deadline);
      return { value, collapsed: flight.leader !== me };
    } finally {
      this.#leave(key, flight, me);
    }
  }

  /** Waits until no flight is in the air. */
  async settled(): Promise<void> {
    while (this.#flights.size > 0) await Promise.all([...this.#flights.values()].map(({ landed }) => landed));
  }

  #start(key: string, { turn = (work) => work(), charge, lasting }: JoinOptions<T>): Flight<T> {
    const discharge = charge?.();
    const flight: Flight<T> = {
      waiting: new Map(),
      leader: undefined,
      controller: new AbortController(),
      begun: false,
      priority: 'background',
      turn,
      outcome: Promise.resolve().then(() => this.#fly(flight)),
      landed: Promise.resolve(),
    };
    this.#flights.set(key, flight);
    const land = (): void => {
      this.#forget(key, flight);
      discharge?.();
    };
    flight.landed = flight.outcome.then((value) => {
      const end = lasting?.(value);
      if (end === undefined) land();
      return end?.then(land);
    }, land);
    return flight;
  }

  async #fly(flight: Flight<T>): Promise<T> {
    try {
      return await this.#lead(flight);
    } catch (error) {
      if (!isAbandonment(error) || heirOf(flight) === undefined) throw error;
      flight.controller = new AbortController();
      flight.begun = false;
      return await this.#lead(flight);
    }
  }

  #lead(flight: Flight<T>): Promise<T> {
    const { signal } = flight.controller;
    const work = (): Promise<T> => {
      const heir = heirOf(flight);
      if (heir === undefined) return Promise.reject(abortError(signal));
      const [leader, task] = heir;
      flight.leader = leader;
      flight.begun = true;
      return task();
    };
    return flight.turn(work, signal, { priority: () => flight.priority });
  }

  #leave(key: string, flight: Flight<T>, caller: symbol): void {
    flight.waiting.delete(caller);
    if (flight.waiting.size > 0 || flight.begun) return;
    flight.controller.abort();
    this.#forget(key, flight);
  }

  #forget(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

/** Who has waited longest, but for the one who has led already. */
function heirOf<T>({ waiting, leader }: Flight<T>): [symbol, () => Promise<T>] | undefined {
  return [...waiting].find(([caller]) => caller !== leader);
}
