/** Wakes all who wait for something to happen, as often as it happens. */
export class News {
  #waiting = new Set<() => void>();

  /** Calls `wake` when it happens the next time. Call the result to wait no longer: nothing is kept of it then. */
  wait(wake: () => void): () => void {
    const waiting = this.#waiting.add(wake);
    return () => {
      waiting.delete(wake);
    };
  }

  /** Waits until it happens the next time. */
  next(): Promise<void> {
    return new Promise((resolve) => this.wait(resolve));
  }

  /** Says that it has happened. */
  tell(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }
}
