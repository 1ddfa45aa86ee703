/** Work that nobody waits for, until the end. */
export class Background {
  readonly #tasks = new Set<Promise<void>>();
  readonly #onError: (what: string, error: unknown) => void;

  constructor(onError: (what: string, error: unknown) => void) {
    this.#onError = onError;
  }

  /** Runs a task; its failure is told, not thrown. */
  run(what: string, task: () => Promise<void>): void {
    const running = task()
      .catch((error: unknown) => {
        this.#onError(what, error);
      })
      .finally(() => this.#tasks.delete(running));
    this.#tasks.add(running);
  }

  /** Waits until nothing is under way. */
  async settled(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }
}
