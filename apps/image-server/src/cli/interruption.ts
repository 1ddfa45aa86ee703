import { Injectable, type OnModuleDestroy } from '@nestjs/common';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The exit code of a process that was interrupted, as shells have it. */
export const INTERRUPTED = 130;

/** Ends work at the first signal, in order; at the second the process at once. */
@Injectable()
export class Interruption implements OnModuleDestroy {
  readonly #controller = new AbortController();
  readonly #interrupt = (): void => {
    if (this.signal.aborted) process.exit(INTERRUPTED);
    this.#controller.abort();
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#interrupt);
  }

  /** Aborted by SIGINT and SIGTERM. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  onModuleDestroy(): void {
    for (const signal of SIGNALS) process.off(signal, this.#interrupt);
  }
}
