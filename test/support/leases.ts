import { keyString } from '../../libs/image-cache/src/keys/entry-keys.js';
import type { CacheStore, Lease, Leases, LeaseSubject } from 'nestjs-image-cache';

/** Leases of a store in memory; a test can take them like another process. */
export class MemoryLeases implements Leases {
  readonly #held = new Map<string, AbortController>();

  take(subject: LeaseSubject): Promise<Lease | undefined> {
    const name = nameOf(subject);
    if (this.#held.has(name)) return Promise.resolve(undefined);
    const controller = new AbortController();
    this.#held.set(name, controller);
    const release = (): Promise<void> => {
      if (this.#held.get(name) === controller) this.#held.delete(name);
      return Promise.resolve();
    };
    return Promise.resolve({ signal: controller.signal, release });
  }

  /** Takes a lease that nobody holds. */
  async hold(subject: LeaseSubject): Promise<Lease> {
    const lease = await this.take(subject);
    if (lease === undefined) throw new Error(`Somebody holds the lease of ${nameOf(subject)}.`);
    return lease;
  }

  isHeld(subject: LeaseSubject): boolean {
    return this.#held.has(nameOf(subject));
  }

  /** Lets a holder lose its lease. */
  lose(subject: LeaseSubject, reason?: Error): void {
    this.#held.get(nameOf(subject))?.abort(reason);
    this.#held.delete(nameOf(subject));
  }
}

/** Gives a store leases. */
export function withLeases<S extends CacheStore>(store: S, leases: Leases): S & { readonly leases: Leases } {
  return Object.assign(store, { leases });
}

function nameOf(subject: LeaseSubject): string {
  return typeof subject === 'string' ? subject : keyString(subject);
}
