import type { QueueOperation, QueueOutcome } from './queue-operation.js';

/** An operation that somebody waits for, and the name under which it is found again. */
export interface Submitted {
  readonly name: string;
  readonly operation: QueueOperation;
}

interface Pending extends Submitted {
  readonly resolve: (outcome: QueueOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** What a process has submitted and of which it does not know yet what came of it. */
export class Submissions {
  readonly #me: string;
  readonly #current = new Map<string, Pending>();
  #waiting: Pending[] = [];
  #count = 0;

  /** @param me a name of its own */
  constructor(me: string) {
    this.#me = me;
  }

  /** Whether there are some for another turn. */
  get isAnyWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Those of this turn. */
  get current(): readonly Submitted[] {
    return [...this.#current.values()];
  }

  /** Lets an operation wait for the next turn; resolves with what came of it. */
  add(operation: QueueOperation): Promise<QueueOutcome> {
    const outcome = new Promise<QueueOutcome>((resolve, reject) => {
      this.#count += 1;
      this.#waiting.push({ name: `${this.#me}:${this.#count}`, operation, resolve, reject });
    });
    outcome.catch(() => undefined);
    return outcome;
  }

  /** Begins a turn with all that wait. */
  begin(): void {
    for (const pending of this.#waiting.splice(0)) this.#current.set(pending.name, pending);
  }

  /** Ends a turn: what has come to nothing waits for the next. */
  end(): void {
    this.#waiting.push(...this.#current.values());
    this.#current.clear();
  }

  /** Tells what came of an operation, if it is one of this turn. */
  resolve(name: string, outcome: QueueOutcome): void {
    this.#current.get(name)?.resolve(outcome);
    this.#current.delete(name);
  }

  /** Tells that operations of this turn have failed: all, or those that are meant. */
  reject(failure: unknown, isMeant: (submitted: Submitted) => boolean = () => true): void {
    for (const pending of [...this.#current.values()].filter(isMeant)) {
      this.#current.delete(pending.name);
      pending.reject(failure);
    }
  }
}
