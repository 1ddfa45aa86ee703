import {
  createImageCache,
  isImageCacheError,
  type ImageCache,
  type ImageCacheOptions,
  type ImageInfo,
  type SourceStamp,
  type Variant,
} from 'nestjs-image-cache';
import { Readable } from 'node:stream';
import { FakeSource } from './fake-source.js';
import { handlerInfo } from './handler-info.js';

/** Images that tell which version of their source they were made of, and a source that can be changed. */
export class Originals {
  readonly source = new FakeSource();
  readonly versions = new Map<string, number>();
  reads = 0;
  renders = 0;
  /** Called while a render has the source in its hands. */
  whileRendering: (() => unknown) | undefined;
  /** Called while an info is being read. */
  whileReading: (() => unknown) | undefined;

  /** Puts an image, or another version of it. */
  put(identifier: string, version: number, stamp: SourceStamp = { etag: `version ${version}` }): void {
    this.versions.set(identifier, version);
    this.source.put(identifier, stamp);
  }

  remove(identifier: string): void {
    this.versions.delete(identifier);
    this.source.remove(identifier);
  }

  resetCounts(): void {
    this.reads = 0;
    this.renders = 0;
    this.source.lookups = 0;
  }

  /** An info whose width is the version. */
  async read(identifier: string): Promise<ImageInfo> {
    this.reads += 1;
    const width = this.#open(identifier);
    await this.whileReading?.();
    return handlerInfo(identifier, { width });
  }

  async render(identifier: string, operations: string): Promise<Buffer> {
    this.renders += 1;
    const version = this.#open(identifier);
    await this.whileRendering?.();
    return Buffer.from(`${identifier} ${operations} version ${version}`);
  }

  #open(identifier: string): number {
    const version = this.versions.get(identifier);
    if (version === undefined || this.source.unavailable) throw new Error(`ENOENT: ${identifier}`);
    return version;
  }
}

/** An answer, with the version of the source that it was made of. */
export interface Served {
  readonly status: number;
  readonly version?: number;
  readonly variant?: Variant;
}

/** Answers for images as an image server does: asks the source once, reads the info, renders what it says. */
export class SmallImageServer {
  readonly cache: ImageCache;
  readonly #originals: Originals;

  private constructor(cache: ImageCache, originals: Originals) {
    this.cache = cache;
    this.#originals = originals;
  }

  static async start(originals: Originals, options: ImageCacheOptions): Promise<SmallImageServer> {
    return new SmallImageServer(await createImageCache({ source: originals.source, ...options }), originals);
  }

  async info(identifier: string): Promise<Served> {
    return answering(async () => ({ status: 200, version: (await this.#info(identifier)).info.width }));
  }

  async image(identifier: string, operations = 'max'): Promise<Served> {
    return answering(() => this.#image(identifier, operations));
  }

  async #info(identifier: string) {
    const source = await this.cache.resolve(identifier);
    return {
      source,
      info: await this.cache.infos.getOrRead(identifier, () => this.#originals.read(identifier), { source }),
    };
  }

  async #image(identifier: string, operations: string): Promise<Served> {
    const { source, info } = await this.#info(identifier);
    const variant = await this.cache.variants.getOrRender(
      { identifier, operations },
      async () => ({ body: await this.#originals.render(identifier, operations), contentType: 'image/x-text' }),
      { source, ...(info.source && { expected: info.source }) },
    );
    return { status: 200, version: await versionOf(variant), variant };
  }
}

async function versionOf({ body }: Variant): Promise<number> {
  const bytes = body instanceof Readable ? Buffer.concat((await body.toArray()) as Buffer[]) : (body ?? Buffer.of());
  return Number(/version (\d+)$/.exec(bytes.toString())?.[1]);
}

/** What the info was read for is asked for once more when the source has changed since. */
async function answering(answer: () => Promise<Served>): Promise<Served> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await answer();
    } catch (error) {
      if (isImageCacheError(error, 'E_IMAGE_CACHE_SOURCE_CHANGED') && attempt < 3) continue;
      return { status: isImageCacheError(error) ? error.status : 500 };
    }
  }
}
