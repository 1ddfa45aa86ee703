import { createHash } from 'node:crypto';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { filesystemStore, variantKey } from 'nestjs-image-cache';
import { encodeTrailer } from '../libs/image-cache/dist/stores/filesystem/files/entry-file.js';
import { Layout } from '../libs/image-cache/dist/stores/filesystem/files/layout.js';

const PER_IMAGE = 10;

const BODY = Buffer.alloc(1000, 'picture');
const DIGEST = createHash('sha256').update(BODY).digest('base64url');

/** By which the order of access differs from that of the files: those that go first are all over the disk. */
const STRIDE = 7919;

/** A cache of many small files, written as the store does it, many times faster. */
export class FileCache {
  #layout;

  /** @param began when the first entry was asked for the last time; seconds since the epoch */
  constructor({ directory, files, began }) {
    this.directory = directory;
    this.files = files;
    this.began = began;
    this.#layout = new Layout(directory, { depth: 3, nameLength: 2 });
  }

  get layout() {
    return this.#layout;
  }

  /** Makes the cache, and all of its files. */
  async create() {
    const clock = { now: () => Date.now(), schedule: () => ({ cancel() {} }), repeat: () => ({ cancel() {} }) };
    const store = filesystemStore({ directory: this.directory })({ clock, maxBufferedEntry: 1024, report() {} });
    await store.open();
    await store.close();
    for (let index = 0; index < this.files; index += 1) this.#write(index);
    return this;
  }

  /** An entry as the index knows it. */
  entry(index) {
    const { identifier, operations } = nameOf(index);
    const key = variantKey({ identifier, operations, extension: 'webp' });
    return { key, at: Math.round(this.#lastAccess(index) * 1000), hits: 0, size: BODY.byteLength, stored: 4096 };
  }

  /** The least recently used. */
  oldest(count) {
    return Array.from({ length: this.files }, (_, index) => index).filter((index) => this.#rank(index) < count);
  }

  /** Writes those again that have gone. */
  restore(count) {
    for (const index of this.oldest(count)) this.#write(index);
  }

  #rank(index) {
    return (index * STRIDE) % this.files;
  }

  #lastAccess(index) {
    return this.began + this.#rank(index) / 100;
  }

  #write(index) {
    const { key } = this.entry(index);
    const meta = {
      ...nameOf(index),
      contentType: 'image/webp',
      size: BODY.byteLength,
      digest: DIGEST,
      createdAt: this.began * 1000,
    };
    const file = this.#layout.file(key);
    const bytes = Buffer.concat([BODY, encodeTrailer(key, meta, Buffer.alloc(0))]);
    try {
      writeFileSync(file, bytes);
    } catch {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
    utimesSync(file, this.#lastAccess(index), this.#lastAccess(index));
  }
}

function nameOf(index) {
  return { identifier: `image ${Math.floor(index / PER_IMAGE)}`, operations: `${index % PER_IMAGE}` };
}
