/**
 * Ends a piece of work that signals end as well which outlive it, until it is released. The signal of `AbortSignal.any` is
 * never released: on Node 20, a signal remembers all that have ever depended on it.
 */
export class LinkedController extends AbortController {
  readonly #outer: readonly AbortSignal[];

  constructor(...outer: readonly AbortSignal[]) {
    super();
    this.#outer = outer;
    for (const signal of outer) signal.addEventListener('abort', this.#onAbort, { once: true });
    if (outer.some(({ aborted }) => aborted)) this.#onAbort();
  }

  /** Does work that ends with the signals, and is released after it. */
  static async during<T>(outer: readonly AbortSignal[], work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new LinkedController(...outer);
    try {
      return await work(controller.signal);
    } finally {
      controller.release();
    }
  }

  override abort(reason?: unknown): void {
    this.release();
    super.abort(reason);
  }

  /** The work is over: it hears of nothing any more. */
  readonly release = (): void => {
    for (const signal of this.#outer) signal.removeEventListener('abort', this.#onAbort);
  };

  readonly #onAbort = (): void => {
    this.abort(this.#outer.find(({ aborted }) => aborted)?.reason);
  };
}
