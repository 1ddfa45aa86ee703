import type { Background } from '../common/background.js';
import { withDeadline } from '../common/deadline.js';
import { ImageCacheError, isDeterministic } from '../common/errors.js';
import { NotCacheable } from '../common/not-cacheable.js';
import type { CacheEvents } from '../observability/events.js';
import type { Clock } from '../ports/clock.js';
import type { Render, RenderedImage } from '../ports/image-info.js';
import { isUnwritable, materialize, unwritable, wasTouched, type RenderedBody } from './rendered-body.js';

/** What {@link Rendering} depends on. */
export interface RenderingOptions {
  readonly maxBufferedEntry: number;
  /** Most bytes that a picture may have. */
  readonly maxSize: number;
  /** Milliseconds after which a render is given up, so that one that hangs does not keep its place for ever. */
  readonly deadline: number;
  /** Aborted when the cache closes and does not wait any longer. */
  readonly closing: AbortSignal;
  readonly clock: Clock;
  readonly events: CacheEvents;
  readonly background: Background;
}

/** What has been rendered. */
export interface Rendered {
  readonly image: RenderedImage;
  readonly body: RenderedBody;
  /** Whether it may be stored: not when it was to be written where it is to be stored, and could not be. */
  readonly storable: boolean;
}

/** Bytes that a picture may take in memory when its file could not be written. */
const MEMORY_FOR_RETRY = 64 * 1024 * 1024;

/** Calls renderers and takes what they return to its clean end. */
export class Rendering {
  readonly #options: RenderingOptions;

  constructor(options: RenderingOptions) {
    this.#options = options;
  }

  /**
   * Renders a picture, into `file` where that is given and the renderer wants to; once more in memory when the file
   * cannot be written.
   *
   * @throws what the renderer or its stream threw
   */
  async run(identifier: string, render: Render, file: string | undefined): Promise<Rendered> {
    const { clock, events, maxBufferedEntry } = this.#options;
    const started = clock.now();
    try {
      const result = await this.#attempt(render, maxBufferedEntry, file).catch(async (error: unknown) => {
        if (!isUnwritable(error)) throw error;
        events.emit('not-stored', { tier: 'variant', identifier, reason: 'failed', error });
        return { ...(await this.#attempt(render, MEMORY_FOR_RETRY)), storable: false };
      });
      events.emit('rendered', { identifier, duration: clock.now() - started });
      return result;
    } catch (error) {
      if (!(error instanceof NotCacheable)) events.emit('render-failed', { identifier, error });
      throw error;
    }
  }

  async #attempt(render: Render, limit: number, file?: string): Promise<Rendered> {
    const { clock, deadline: timeout, closing, maxSize, background } = this.#options;
    const overdue = new AbortController();
    const signal = AbortSignal.any([closing, overdue.signal]);
    const work = async (): Promise<Rendered> => {
      const image = await call(render, signal, file);
      return { image, body: await materialize(image, { limit, file, maxSize, signal, background }), storable: true };
    };
    const rendering = work();
    const expired = (): Error => {
      overdue.abort();
      return new ImageCacheError('E_IMAGE_CACHE_ABORTED', `A render was given up after ${timeout} ms.`);
    };
    try {
      return await withDeadline(rendering, { clock, timeout, expired, signal: closing });
    } catch (error) {
      // What comes after all is nobody's any more, and may hold an open file.
      rendering.then(release, ignore);
      throw error;
    }
  }
}

async function call(render: Render, signal: AbortSignal, file: string | undefined): Promise<RenderedImage> {
  try {
    return await render({ signal, ...(file !== undefined && { file }) });
  } catch (error) {
    const isOwn = isDeterministic(error) || error instanceof NotCacheable;
    throw file !== undefined && !isOwn && (await wasTouched(file)) ? unwritable(file, error) : error;
  }
}

function release({ body }: Rendered): void {
  if (!Buffer.isBuffer(body)) body.release();
}

function ignore(): void {
  // the failure has been told already
}
