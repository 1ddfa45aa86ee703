import { CONTROL } from './protocol.js';

/** Through which a thread that never returns to its event loop is stopped and held back. */
export interface Brake {
  /** Whether the step is to end. */
  isStopped(): boolean;
  /** Waits so many milliseconds, or until the step is to end. */
  sleep(milliseconds: number): void;
  /** Waits until a batch may be sent, or until the step is to end. */
  takeCredit(): void;
}

/** A brake in memory that the main thread sees too. */
export class SharedBrake implements Brake {
  readonly #control: Int32Array;

  constructor(control: Int32Array) {
    this.#control = control;
  }

  isStopped(): boolean {
    return Atomics.load(this.#control, CONTROL.stop) !== 0;
  }

  sleep(milliseconds: number): void {
    Atomics.wait(this.#control, CONTROL.stop, 0, milliseconds);
  }

  takeCredit(): void {
    Atomics.wait(this.#control, CONTROL.credit, 0);
    if (!this.isStopped()) Atomics.sub(this.#control, CONTROL.credit, 1);
  }
}

/** The main thread's side of {@link SharedBrake}. */
export class BrakeLever {
  readonly control = new Int32Array(new SharedArrayBuffer(CONTROL.length * Int32Array.BYTES_PER_ELEMENT));

  /** Lets a step begin. */
  release(credit: number): void {
    Atomics.store(this.control, CONTROL.stop, 0);
    Atomics.store(this.control, CONTROL.credit, credit);
  }

  /** Ends the step, also when it waits. */
  stop(): void {
    Atomics.store(this.control, CONTROL.stop, 1);
    Atomics.notify(this.control, CONTROL.stop);
    this.addCredit();
  }

  /** Lets one more batch come. */
  addCredit(): void {
    Atomics.add(this.control, CONTROL.credit, 1);
    Atomics.notify(this.control, CONTROL.credit);
  }
}
