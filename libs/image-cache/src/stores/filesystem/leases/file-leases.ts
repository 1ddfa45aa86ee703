import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../ports/clock.js';
import type { Lease, Leases, LeaseSubject } from '../../../ports/lease.js';
import { ifPresent, stateOf } from '../files/file-access.js';
import type { Layout } from '../files/layout.js';
import { withParents } from '../files/with-parents.js';
import { hasEnded, processName, processSpace, type ProcessSpace } from '../processes.js';
import { HeldLease, LEASE_TTL } from './held-lease.js';
import { makeLease, readLease, removeLease } from './lease-file.js';
import { takeNumber } from './process-number.js';
import { ShareClock } from './share-clock.js';

/** What {@link FileLeases} depend on. */
export interface FileLeasesOptions {
  readonly layout: Layout;
  readonly clock: Clock;
}

/** Attempts to take a lease that ends, or is found to be over, whenever it is looked at. */
const ATTEMPTS = 3;

/**
 * Leases in files. That of a process of this host that has ended is over at once; any other when it has not been renewed
 * for its time to live, by the time of the file system.
 */
export class FileLeases implements Leases {
  readonly #options: FileLeasesOptions;
  readonly #shareClock: ShareClock;
  readonly #space: ProcessSpace;
  readonly #me: string;
  readonly #held = new Set<HeldLease>();

  private constructor(options: FileLeasesOptions, space: ProcessSpace, me: string) {
    this.#options = options;
    this.#shareClock = new ShareClock(options.layout, options.clock);
    this.#space = space;
    this.#me = me;
  }

  static async open(options: FileLeasesOptions): Promise<FileLeases> {
    const space = await processSpace();
    return new FileLeases(options, space, await processName(space));
  }

  /** @param subject of the port, or what a process does for itself alone: opening the index or closing it */
  async take(subject: LeaseSubject | 'index'): Promise<Lease | undefined> {
    const path = this.#options.layout.lease(subject);
    const token = this.#newToken();
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      if (await this.#make(path, token)) {
        if (subject === 'sweep') await this.#clearUp();
        return this.#hold(path, token);
      }
      const holder = await readLease(path);
      if (holder === undefined) continue;
      if (!(await this.#isOver(path, holder))) return undefined;
      await this.#retire(path, { holder, token });
    }
    return undefined;
  }

  /** Takes the number of this process for the index, until the end; false when a process of another container has it. */
  takeNumber(): Promise<boolean> {
    return takeNumber({
      layout: this.#options.layout,
      takeTurn: () => this.take('index'),
      hold: async (path) => {
        const token = this.#newToken();
        await this.#make(path, token);
        return this.#hold(path, token);
      },
      isLeft: async (path) => hasEnded((await readLease(path)) ?? '', this.#space),
      holderOf: async (path) => {
        const holder = await readLease(path);
        if (holder?.startsWith(`${this.#me}.`) === true) return 'me';
        return holder === undefined || (await this.#isOver(path, holder)) ? undefined : 'other';
      },
    });
  }

  /** Gives back what is still held. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#held].map((lease) => lease.release()));
  }

  /** Below 60 characters, which a link keeps in its inode. */
  #newToken(): string {
    return `${this.#me}.${randomBytes(10).toString('hex')}`;
  }

  #make(path: string, token: string): Promise<boolean> {
    return withParents(this.#options.layout, path, () => makeLease(path, token));
  }

  #hold(path: string, token: string): Lease {
    const onEnd = (lease: HeldLease): void => void this.#held.delete(lease);
    const lease = new HeldLease({ ...this.#options, path, token, onEnd });
    this.#held.add(lease);
    return lease;
  }

  /**
   * Takes a lease away that is over. Of several who have found it so, the one that makes a claim to this very lease does:
   * another would take away the one that comes after it.
   */
  async #retire(path: string, { holder, token }: { readonly holder: string; readonly token: string }): Promise<void> {
    const claim = this.#options.layout.claimTo(path, holder);
    // With its lease, the directory may have gone.
    const isMine = await ifPresent(makeLease(claim, token));
    if (isMine === undefined) return;
    if (isMine) {
      await removeLease(path, holder);
      await removeLease(claim, token);
      return;
    }
    const claimant = await readLease(claim);
    if (claimant !== undefined && (await this.#isOver(claim, claimant))) await removeLease(claim, claimant);
  }

  async #isOver(path: string, token: string): Promise<boolean> {
    return (await hasEnded(token, this.#space)) || this.#isOld(path);
  }

  async #isOld(path: string): Promise<boolean> {
    const state = await stateOf(path);
    return state !== undefined && (await this.#shareClock.now()) - state.mtimeMs > LEASE_TTL;
  }

  /** Removes what processes that have crashed left beside the leases; what cannot be removed is none of the sweep's. */
  async #clearUp(): Promise<void> {
    const { leases } = this.#options.layout;
    const clear = async (name: string): Promise<void> => {
      const path = join(leases, name);
      if (await this.#isOld(path)) await rm(path, { force: true });
    };
    await Promise.allSettled(((await ifPresent(readdir(leases))) ?? []).map(clear));
  }
}
