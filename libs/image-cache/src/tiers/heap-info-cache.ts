import { LRUCache } from 'lru-cache';
import { Generations } from '../common/generations.js';
import { groupOf } from '../keys/entry-keys.js';
import type { Generation } from '../ports/entry.js';
import type { ImageInfo } from '../ports/image-info.js';

/**
 * Live infos in memory, the least recently used going first when they exceed their size. Never expires, is not
 * persisted, answers synchronously (Galia Guide 1.0, Caching: heap info cache).
 */
export class HeapInfoCache {
  readonly #infos: LRUCache<string, ImageInfo>;
  /** By group: others tell of an image by its group alone. */
  readonly #identifiers = new Map<string, string>();
  readonly #generations = new Generations();

  /** @param maxSize bytes, estimated */
  constructor(maxSize: number) {
    this.#infos = new LRUCache({
      maxSize,
      sizeCalculation: (info, identifier) => sizeOf(info) + identifier.length * 2,
      dispose: (_, identifier, reason) => {
        if (reason !== 'set') this.#identifiers.delete(groupOf(identifier));
      },
    });
  }

  get size(): number {
    return this.#infos.size;
  }

  /** Estimated bytes. */
  get bytes(): number {
    return this.#infos.calculatedSize;
  }

  peek(identifier: string): ImageInfo | undefined {
    return this.#infos.get(identifier);
  }

  /** Changes with every eviction of the image; take it before reading what is to be kept. */
  generation(identifier: string): Generation {
    return this.#generations.of(groupOf(identifier));
  }

  /** Keeps an info, unless the image has been evicted since `generation` was taken. */
  set(identifier: string, info: ImageInfo, generation: Generation): void {
    const group = groupOf(identifier);
    if (this.#generations.of(group) !== generation) return;
    this.#infos.set(identifier, info);
    if (this.#infos.has(identifier)) this.#identifiers.set(group, identifier);
    else this.#identifiers.delete(group);
  }

  delete(identifier: string): boolean {
    this.#generations.bump(groupOf(identifier));
    return this.#infos.delete(identifier);
  }

  /** Evicts what belongs to a group; returns the identifier of the image whose info was there. */
  deleteGroup(group: string): string | undefined {
    this.#generations.bump(group);
    const identifier = this.#identifiers.get(group);
    if (identifier !== undefined) this.#infos.delete(identifier);
    return identifier;
  }

  /** Returns how many infos there were. */
  clear(): number {
    this.#generations.bumpAll();
    const { size } = this.#infos;
    this.#infos.clear();
    return size;
  }
}

/** A flat record costs some 600 bytes, its group 200, a level of the pyramid some 150. */
function sizeOf({ pyramid, metadata }: ImageInfo): number {
  const texts = Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + String(value).length, 0);
  return 800 + pyramid.length * 150 + texts * 2;
}
