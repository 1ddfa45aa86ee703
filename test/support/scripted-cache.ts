import type { KeyValueCache } from 'nestjs-image-cache';

type Operation = 'get' | 'set' | 'delete';

/** A cache in memory that does to its calls what a test wants, and whose records the test can see. */
export class ScriptedCache implements KeyValueCache {
  readonly records = new Map<string, unknown>();
  /** Milliseconds that records were given, by key. */
  readonly ttls = new Map<string, number | undefined>();
  /** Awaited before every call. */
  before: (operation: Operation, key: string) => Promise<void> | void = () => undefined;
  /** Awaited after every call, before it is answered. */
  after: (operation: Operation, key: string) => Promise<void> | void = () => undefined;

  async get(key: string): Promise<unknown> {
    return this.#do('get', key, () => this.records.get(key));
  }

  async set(key: string, value: unknown, ttl?: number): Promise<unknown> {
    return this.#do('set', key, () => {
      this.ttls.set(key, ttl);
      this.records.set(key, structuredClone(value));
      return true;
    });
  }

  async delete(key: string): Promise<unknown> {
    return this.#do('delete', key, () => this.records.delete(key));
  }

  /** The keys that contain something. */
  keys(part = ''): string[] {
    return [...this.records.keys()].filter((key) => key.includes(part));
  }

  async #do<T>(operation: Operation, key: string, work: () => T): Promise<T> {
    await this.before(operation, key);
    const result = work();
    await this.after(operation, key);
    return result;
  }
}
