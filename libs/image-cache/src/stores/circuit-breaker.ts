import type { Clock } from '../ports/clock.js';

/** When a {@link CircuitBreaker} opens, and for how long. */
export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds until one call is let through to see whether it works again. */
  readonly cooldown: number;
  readonly onChange: (open: boolean) => void;
}

/** Keeps calls away from what does not work. */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  #closedUntilProbe = 0;
  #open = false;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether a call may be made now. While it is open, one call per cooldown is let through. */
  admits(): boolean {
    if (!this.#open) return true;
    const now = this.#options.clock.now();
    if (now < this.#closedUntilProbe) return false;
    this.#closedUntilProbe = now + this.#options.cooldown;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    if (!this.#open) return;
    this.#open = false;
    this.#options.onChange(false);
  }

  failed(): void {
    const { clock, cooldown, failures, onChange } = this.#options;
    this.#failures += 1;
    if (this.#failures < failures) return;
    this.#closedUntilProbe = clock.now() + cooldown;
    if (this.#open) return;
    this.#open = true;
    onChange(true);
  }
}
