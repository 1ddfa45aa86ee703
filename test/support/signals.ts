import { getEventListeners } from 'node:events';

/** What something was made with that lives as long as it does. */
export interface MadeWith<T> {
  readonly made: T;
  readonly signals: readonly AbortSignal[];
}

/** Makes something, and collects the signals that are made for it. */
export async function withSignals<T>(make: () => Promise<T>): Promise<MadeWith<T>> {
  const { AbortController: Usual } = globalThis;
  const signals: AbortSignal[] = [];
  globalThis.AbortController = class extends Usual {
    constructor() {
      super();
      signals.push(this.signal);
    }
  };
  try {
    return { made: await make(), signals };
  } finally {
    globalThis.AbortController = Usual;
  }
}

/** How many a signal would tell that it was aborted: listeners, and signals that were made of it. */
export function heldBy(signal: AbortSignal): number {
  const fields = Object.getOwnPropertySymbols(signal).filter(({ description = '' }) => description === DEPENDANTS);
  const dependants = fields.map((field) => (signal as unknown as Record<symbol, Set<unknown> | undefined>)[field]);
  return getEventListeners(signal, 'abort').length + (dependants[0]?.size ?? 0);
}

/** Where Node keeps them; it does not show them otherwise. */
const DEPENDANTS = 'kDependantSignals';
