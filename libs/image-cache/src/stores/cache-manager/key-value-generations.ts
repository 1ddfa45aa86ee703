import { randomUUID } from 'node:crypto';
import { keyString } from '../../keys/entry-keys.js';
import type { EntryKey, Generation, Kind } from '../../ports/entry.js';
import type { KeyValueRecords } from './key-value-records.js';

/** All kinds of entries. */
export const KINDS: readonly Kind[] = ['info', 'variant', 'source'];

/** The generations that an entry belongs to; part of its address. */
export interface Epoch {
  readonly kind: Generation;
  readonly group: Generation;
  readonly entry: Generation;
}

/** No name is that of two generations: what they stand for need not be said again, and keys stay short enough for SQL. */
export function addressOf({ kind }: EntryKey, epoch: Epoch): string {
  return [kind, epoch.kind, epoch.group, epoch.entry].join(':');
}

/** Where it is kept when an entry was asked for. */
export function accessOf(address: string): string {
  return `${address}:access`;
}

/** Names that are remembered one by one in this process. */
const REMEMBERED = 10_000;

/**
 * Generations of kinds, groups and entries, kept in the cache so that they hold for all who use it: random names that
 * are part of the entries' addresses. An eviction takes the name away. What was written under it is out of reach at
 * once, a write that comes late lands where nobody looks, and the name never comes back: a generation that the cache
 * has lost by itself is an eviction, too.
 */
export class KeyValueGenerations {
  readonly #records: KeyValueRecords;
  /** Milliseconds that the names of groups and entries are kept; 0 = for ever. */
  readonly #lifetime: number;
  /** Names that have been told and are written with the first reservation: who only asks leaves nothing behind. */
  readonly #told = new Map<string, Generation>();
  /** Of names that this process has written and nothing was published under yet: the reservations that use them. */
  readonly #unused = new Map<Generation, number>();
  /** Names that are being written or taken back. */
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(records: KeyValueRecords, lifetime: number) {
    this.#records = records;
    this.#lifetime = lifetime;
  }

  /** All that changes when something of a group, or everything, is evicted; `known` names were looked up already. */
  async of(group: string, known: Readonly<Record<string, Generation>> = {}): Promise<Generation> {
    const tell = async (scope: string): Promise<Generation> =>
      known[scope] ?? (await this.#find(scope)) ?? this.#tell(scope);
    const [deletion, ...names] = await Promise.all([
      this.#records.get(deletionOf(group)),
      ...[...KINDS, group].map(tell),
    ]);
    return [...names, typeof deletion === 'string' ? deletion : ''].join('/');
  }

  /** The epoch in which an entry can be found, if there is one. */
  async find(key: EntryKey): Promise<Epoch | undefined> {
    const scopes = [key.kind, key.group, keyString(key)];
    const [kind, group, entry] = await Promise.all(scopes.map((scope) => this.#find(scope)));
    return kind === undefined || group === undefined || entry === undefined ? undefined : { kind, group, entry };
  }

  /** The epoch in which an entry is written; begins where there is none. */
  async open(key: EntryKey): Promise<Epoch> {
    const [kind, group, entry] = await Promise.all([
      this.#ensure(key.kind, 0),
      this.#ensure(key.group, this.#lifetime),
      this.#ensure(keyString(key), this.#lifetime),
    ]);
    return { kind, group, entry };
  }

  async isCurrent(key: EntryKey, { kind, group, entry }: Epoch): Promise<boolean> {
    const current = await this.find(key);
    return current?.kind === kind && current.group === group && current.entry === entry;
  }

  /** Something was published in the epoch. */
  use({ group, entry }: Epoch): void {
    this.#unused.delete(group);
    this.#unused.delete(entry);
  }

  /** Nothing was published: names that were written for it alone go, so that images that are not there leave nothing. */
  release(key: EntryKey, { group, entry }: Epoch): void {
    for (const [scope, name] of [
      [key.group, group],
      [keyString(key), entry],
    ] as const) {
      const users = this.#unused.get(name);
      if (users === undefined) continue;
      this.#unused.set(name, users - 1);
      if (users > 1) continue;
      this.#unused.delete(name);
      // What cannot be taken back now goes at the end of its lifetime.
      this.#occupy(scope, () => this.#takeBack(scope, name)).catch(ignore);
    }
  }

  /** Ends the generation of a kind or a group. */
  async end(scope: string): Promise<void> {
    this.#told.delete(scope);
    await this.#records.remove(recordOf(scope));
  }

  /** Ends the generation of an entry. */
  async endEntry(key: EntryKey): Promise<void> {
    const telling = this.#records.set(deletionOf(key.group), randomUUID(), this.#lifetime);
    await Promise.all([telling, this.end(keyString(key))]);
  }

  async #find(scope: string): Promise<Generation | undefined> {
    const found = await this.#records.get(recordOf(scope));
    return typeof found === 'string' ? found : undefined;
  }

  #tell(scope: string): Generation {
    const name = this.#told.get(scope) ?? randomUUID();
    remember(this.#told, scope, name);
    return name;
  }

  /** The answer was in the cache after the call began: what an earlier call is waiting for may have been evicted since. */
  async #ensure(scope: string, lifetime: number): Promise<Generation> {
    for (;;) {
      await this.#busy.get(scope)?.catch(ignore);
      const found = await this.#find(scope);
      if (this.#busy.has(scope)) continue;
      if (found !== undefined) return this.#join(found);
      return this.#occupy(scope, () => this.#begin(scope, lifetime));
    }
  }

  async #begin(scope: string, lifetime: number): Promise<Generation> {
    const found = await this.#find(scope);
    if (found !== undefined) return this.#join(found);
    const name = this.#told.get(scope) ?? randomUUID();
    await this.#records.set(recordOf(scope), name, lifetime);
    if (this.#told.get(scope) === name) this.#told.delete(scope);
    if (!isKind(scope)) remember(this.#unused, name, 1);
    return name;
  }

  #join(name: Generation): Generation {
    const users = this.#unused.get(name);
    if (users !== undefined) this.#unused.set(name, users + 1);
    return name;
  }

  async #takeBack(scope: string, name: Generation): Promise<void> {
    if ((await this.#find(scope)) === name) await this.end(scope);
  }

  /** One after the other; a name that is being taken back is not to be used by the next reservation. */
  async #occupy<T>(scope: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(scope);
    const working = before === undefined ? work() : before.then(work, work);
    this.#busy.set(scope, working);
    try {
      return await working;
    } finally {
      if (this.#busy.get(scope) === working) this.#busy.delete(scope);
    }
  }
}

function isKind(scope: string): boolean {
  return KINDS.some((kind) => kind === scope);
}

/** Bounded: the oldest is forgotten, which at worst makes a picture be rendered twice, or a name stay for its lifetime. */
function remember<T>(names: Map<string, T>, name: string, value: T): void {
  names.set(name, value);
  const [oldest] = names.size > REMEMBERED ? names.keys() : [];
  if (oldest !== undefined) names.delete(oldest);
}

function recordOf(scope: string): string {
  return `generation:${scope}`;
}

function deletionOf(group: string): string {
  return `deletion:${group}`;
}

function ignore(): void {
  // told by whoever waits for it
}
