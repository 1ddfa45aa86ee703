import type { Lease } from '../ports/lease.js';

/** The lease of who does the work without one: it cannot be lost. */
export function noLease(): Lease {
  return { signal: new AbortController().signal, release: () => Promise.resolve() };
}
