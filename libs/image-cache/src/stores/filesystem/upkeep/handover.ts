/** Hands values from one who has them to one who asks for them; whoever gives one learns when it was dealt with. */
export class Handover<T> implements AsyncIterable<T> {
  #given: { readonly value: T; readonly taken: () => void }[] = [];
  #isOver = false;
  #wake: () => void = () => undefined;

  /** Resolves when the value has been dealt with. */
  give(value: T): Promise<void> {
    return new Promise((taken) => {
      this.#given.push({ value, taken });
      this.#wake();
    });
  }

  /** No more values come. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const next = this.#given.shift();
      if (next !== undefined) {
        yield next.value;
        next.taken();
      } else if (this.#isOver) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
