import type { Admission, AdmissionRequest } from '../common/admission.js';
import { whileOpen, type DeadlineOptions } from '../common/deadline.js';
import { SingleFlight, type JoinOptions, type Landed, type Turn } from '../common/single-flight.js';
import type { EntryKey } from '../ports/entry.js';
import { SharedFills, type Filling, type SharedFillsOptions } from './shared-fills.js';

/** What {@link SharedFlights} depend on. */
export interface SharedFlightsOptions extends SharedFillsOptions {
  readonly admission: Admission;
  /** Aborted when the cache closes and does not wait any longer. */
  readonly closing: AbortSignal;
}

/** What fills an entry, for all who want it at the same time. */
export interface SharedFlight<T extends Filling, F> {
  /** The same for all here who may share what is made. */
  readonly name: string;
  readonly key: EntryKey;
  readonly identifier: string;
  readonly make: () => Promise<T>;
  /** Whether the store has the entry by now, made by another process. */
  readonly isThere: () => Promise<boolean>;
  /** Reads it for this caller; `undefined` when it has gone since, or is damaged. */
  readonly find: () => Promise<F | undefined>;
}

/** How a caller waits. */
export type SharedWait = DeadlineOptions & Pick<JoinOptions<unknown>, 'priority' | 'charge'>;

/** What another process has made. */
export interface MadeElsewhere<F> {
  readonly found: F;
}

/**
 * Fills entries of a store, once for all who want one in this process and in all that share the store, as many at a time
 * as are admitted. Who waits for another process takes no place.
 */
export class SharedFlights<T extends Filling> {
  readonly #options: SharedFlightsOptions;
  readonly #shared = new SingleFlight<T | undefined>();
  readonly #alone = new SingleFlight<T>();
  readonly #fills: SharedFills;

  constructor(options: SharedFlightsOptions) {
    this.#options = options;
    this.#fills = new SharedFills(options);
  }

  /** Joins the flight of this name, or starts it. */
  async join<F>(flight: SharedFlight<T, F>, wait: SharedWait): Promise<Landed<T> | MadeElsewhere<F>> {
    const { name, make, key, identifier, isThere, find } = flight;
    const { closing } = this.#options;
    const turn: Turn<T | undefined> = (work, signal, { priority }) => {
      const fill = (task: typeof work): Promise<T | undefined> =>
        this.#fills.run({ key, identifier, isThere, make: task, signal });
      const admit = (task: typeof work): Promise<T | undefined> => this.#admit(task, { signal, priority });
      // What nobody waits for may queue for long: until it has a place, it keeps nobody elsewhere waiting.
      const isPatient = priority() === 'background';
      return whileOpen(() => (isPatient ? admit(() => fill(work)) : fill(() => admit(work))), closing);
    };
    const { value, collapsed } = await this.#shared.join(name, make, { ...wait, turn, lasting: endOf });
    if (value !== undefined) return { value, collapsed };
    const found = await find();
    return found === undefined ? this.#joinAlone(flight, wait) : { found };
  }

  /** Waits until nothing is being made. */
  async settled(): Promise<void> {
    await Promise.all([this.#shared.settled(), this.#alone.settled()]);
  }

  /** What was there and could not be read: to wait for it again might end no better. */
  #joinAlone<F>({ name, make }: SharedFlight<T, F>, wait: SharedWait): Promise<Landed<T>> {
    const turn: Turn<T> = (work, signal, { priority }) => this.#admit(work, { signal, priority });
    return this.#alone.join(name, make, { ...wait, turn, lasting: endOf });
  }

  /** Whoever waits for a place when the cache closes gets none, and whoever has one is not waited for. */
  #admit<R extends Filling | undefined>(work: () => Promise<R>, request: AdmissionRequest): Promise<R> {
    const { admission, closing } = this.#options;
    return admission.run(() => whileOpen(work, closing), { ...request, lasting: endOf });
  }
}

/** What is given while it is being made may be joined, and keeps its place, until it has been made. */
function endOf(made: Filling | undefined): Promise<void> | undefined {
  return made?.ended;
}
