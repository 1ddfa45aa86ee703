import type { Background } from '../common/background.js';
import { withDeadline, type DeadlineOptions } from '../common/deadline.js';
import { ImageCacheError, isDeterministic } from '../common/errors.js';
import { LinkedController } from '../common/linked-controller.js';
import { NotCacheable } from '../common/not-cacheable.js';
import type { CacheEvents } from '../observability/events.js';
import type { Clock } from '../ports/clock.js';
import type { Render, RenderedImage } from '../ports/image-info.js';
import { unwritable } from './places-in-turn.js';
import {
  isUnwritable,
  materialize,
  MEMORY_WITHOUT_FILE,
  releaseBody,
  wasTouched,
  type RenderedBody,
} from './rendered-body.js';
import type { SharedBody } from './shared-body.js';

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
  /**
   * Whether it may be stored, to be asked when all of it is there: not when it was to be written where it is to be stored,
   * and could not be.
   */
  readonly isStorable: () => boolean;
}

/** What is rendered, and how. */
interface Attempt {
  readonly identifier: string;
  /** Bodies up to this many bytes become one Buffer. */
  readonly limit: number;
  readonly file?: string | undefined;
}

/** Calls renderers and takes what they return, to its clean end or to where it is too large for one Buffer. */
export class Rendering {
  readonly #options: RenderingOptions;

  constructor(options: RenderingOptions) {
    this.#options = options;
  }

  /**
   * Renders a picture, into `file` where that is given and the renderer wants to; once more in memory when the file
   * cannot be written. A stream that is too large for one Buffer is given as it grows, under the same deadline.
   *
   * @throws what the renderer threw, or its stream before that
   */
  async run(identifier: string, render: Render, file: string | undefined): Promise<Rendered> {
    const { clock, events, maxBufferedEntry } = this.#options;
    const started = clock.now();
    const succeed = (): void => {
      events.emit('rendered', { identifier, duration: clock.now() - started });
    };
    const fail = (error: unknown): void => {
      if (!(error instanceof NotCacheable)) events.emit('render-failed', { identifier, error });
    };
    try {
      const rendered = await this.#attempt(render, { identifier, file, limit: maxBufferedEntry }).catch(
        async (error: unknown) => {
          if (!isUnwritable(error)) throw error;
          events.emit('not-stored', { tier: 'variant', identifier, reason: 'failed', error });
          return {
            ...(await this.#attempt(render, { identifier, limit: MEMORY_WITHOUT_FILE })),
            isStorable: () => false,
          };
        },
      );
      if (isGrowing(rendered.body)) rendered.body.completed().then(succeed, fail);
      else succeed();
      return rendered;
    } catch (error) {
      fail(error);
      throw error;
    }
  }

  async #attempt(render: Render, attempt: Attempt): Promise<Rendered> {
    const { clock, deadline: timeout, closing } = this.#options;
    const end = new LinkedController(closing);
    const started = clock.now();
    const rendering = this.#render(render, attempt, end.signal);
    void ended(rendering).then(end.release);
    const expired = (): Error => {
      const error = new ImageCacheError('E_IMAGE_CACHE_ABORTED', `A render was given up after ${timeout} ms.`);
      end.abort(error);
      return error;
    };
    const deadline = { clock, timeout, expired, signal: closing };
    try {
      const rendered = await withDeadline(rendering, deadline);
      if (isGrowing(rendered.body)) {
        const left = timeout === 0 ? 0 : Math.max(1, started + timeout - clock.now());
        breakInTime(rendered.body, { ...deadline, timeout: left });
      }
      return rendered;
    } catch (error) {
      // What comes after all is nobody's any more, and may hold an open file.
      rendering.then(({ body }) => {
        releaseBody(body);
      }, ignore);
      throw error;
    }
  }

  async #render(render: Render, { identifier, limit, file }: Attempt, signal: AbortSignal): Promise<Rendered> {
    const { maxSize, background, events } = this.#options;
    let isStorable = true;
    const onUnwritable = (error: ImageCacheError, name: string): void => {
      if (name === file) {
        isStorable = false;
        events.emit('not-stored', { tier: 'variant', identifier, reason: 'failed', error });
      } else {
        events.emit('background-failed', { what: 'writing a temporary file', error });
      }
    };
    const image = await call(render, signal, file);
    const body = await materialize(image, { limit, file, maxSize, signal, onUnwritable, background });
    return { image, body, isStorable: () => isStorable };
  }
}

/** Whether a picture is given before all of it is there. */
export function isGrowing(body: RenderedBody): body is SharedBody {
  return !Buffer.isBuffer(body) && !body.isComplete;
}

/** Resolves when nothing more comes of a rendering. */
async function ended(rendering: Promise<Rendered>): Promise<void> {
  try {
    const { body } = await rendering;
    if (isGrowing(body)) await body.completed();
  } catch {
    // the failure is told by who waits for it
  }
}

/** A stream that does not end keeps neither its readers nor its place for ever. */
function breakInTime(body: SharedBody, deadline: DeadlineOptions): void {
  withDeadline(body.completed(), deadline).catch((error: unknown) => {
    body.break(error);
  });
}

async function call(render: Render, signal: AbortSignal, file: string | undefined): Promise<RenderedImage> {
  try {
    return await render({ signal, ...(file !== undefined && { file }) });
  } catch (error) {
    const isOwn = isDeterministic(error) || error instanceof NotCacheable;
    throw file !== undefined && !isOwn && (await wasTouched(file)) ? unwritable(file, error) : error;
  }
}

function ignore(): void {
  // the failure has been told already
}
