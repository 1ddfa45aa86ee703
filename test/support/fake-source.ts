import type { ImageSource, SourceLookup, SourceStamp } from 'nestjs-image-cache';

/** A source whose images the test puts, takes away and makes unavailable, and that counts what it is asked. */
export class FakeSource implements ImageSource {
  readonly name = 'FakeSource';
  readonly #images = new Map<string, SourceStamp>();
  /** Set it and no lookup is answered before it is resolved. */
  gate: Promise<unknown> | undefined;
  /** The source cannot tell about any image. */
  unavailable = false;
  lookups = 0;

  put(identifier: string, stamp: SourceStamp): void {
    this.#images.set(identifier, stamp);
  }

  remove(identifier: string): void {
    this.#images.delete(identifier);
  }

  async lookup(identifier: string): Promise<SourceLookup> {
    this.lookups += 1;
    const stamp = this.#images.get(identifier);
    const { unavailable } = this;
    await this.gate;
    if (unavailable) throw new Error('the share is not mounted');
    return stamp === undefined ? { status: 'missing' } : { status: 'found', stamp };
  }
}
