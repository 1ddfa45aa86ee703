import type { ImageState } from './image-state.js';
import type { PrefetchJob } from './prefetcher.js';
import type { QueuedJob } from './queue/queue-operation.js';

/** A job as others see it. */
export function shownJob(job: QueuedJob, images: Pick<ImageState, 'wanted'>): PrefetchJob {
  const { id, identifier, priority, state, queuedAt, attempts, notBefore, progress, error, failingSince } = job;
  const variants = job.variants && images.wanted(job);
  return {
    id,
    identifier,
    priority,
    state,
    queuedAt,
    attempts,
    ...(variants && { variants }),
    ...(notBefore !== undefined && { notBefore }),
    ...(progress && { progress }),
    ...(error !== undefined && { error }),
    ...(failingSince !== undefined && { failingSince }),
  };
}
