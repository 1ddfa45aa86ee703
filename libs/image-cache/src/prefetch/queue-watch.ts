import type { Clock, ScheduledCall } from '../ports/clock.js';
import type { ImageCache } from '../service/image-cache.js';
import type { ImageState } from './image-state.js';
import type { PrefetchQueue } from './prefetch-queue.js';

/** Milliseconds for which what is stored is gathered, before anybody looks whether an image is complete. */
const GATHERED = 1000;

/** What a {@link QueueWatch} depends on. */
export interface QueueWatchOptions {
  readonly cache: ImageCache;
  readonly queue: PrefetchQueue;
  readonly images: ImageState;
  readonly clock: Clock;
  readonly onError: (what: string, error: unknown) => void;
}

/**
 * Takes jobs out of the queue whose images get cached by requests. With each entry that is stored, it only looks whether
 * there is a job of the image; what there is of those is looked at once a second, up to the first thing that is missing.
 */
export class QueueWatch {
  readonly #options: QueueWatchOptions;
  readonly #stop: () => void;
  #stored = new Set<string>();
  #timer: ScheduledCall | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: QueueWatchOptions) {
    this.#options = options;
    this.#stop = options.cache.on('stored', ({ identifier }) => {
      if (options.queue.find(identifier)?.state === 'queued') this.#gather(identifier);
    });
  }

  async close(): Promise<void> {
    this.#stop();
    this.#timer?.cancel();
    await this.#looking;
  }

  #gather(identifier: string): void {
    this.#stored.add(identifier);
    this.#timer ??= this.#options.clock.schedule(GATHERED, () => {
      this.#timer = undefined;
      const stored = this.#stored;
      this.#stored = new Set();
      this.#looking = this.#looking.then(() => this.#look(stored));
    });
  }

  async #look(stored: ReadonlySet<string>): Promise<void> {
    const { queue, images, onError } = this.#options;
    for (const identifier of stored) {
      try {
        const job = queue.find(identifier);
        if (job?.state !== 'queued') continue;
        if (await images.isWarm(identifier, images.wanted(job))) await queue.remove(job.id, job.revision);
      } catch (error) {
        onError(`looking whether ${identifier} is cached`, error);
      }
    }
  }
}
