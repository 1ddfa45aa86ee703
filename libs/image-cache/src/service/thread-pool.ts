import { availableParallelism } from 'node:os';
import { invalidOption } from '../common/options.js';

/** Threads that are kept for files while all renders are under way: libuv's pool serves both. */
const THREADS_FOR_FILES = 4;

/** How many renders may be under way. */
export interface RenderConcurrency {
  readonly concurrency: number;
  /** Why it is less than there are cores. */
  readonly warning?: string;
}

/**
 * How many renders may be under way without making file reads wait for them: with as many renders as threads, reading
 * a small file takes as long as a render.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when an explicit setting leaves no threads for files
 */
export function renderConcurrency(explicit: number | undefined, path: string): RenderConcurrency {
  const pool = threadPoolSize();
  const available = pool - THREADS_FOR_FILES;
  if (explicit !== undefined) {
    if (explicit <= available) return { concurrency: explicit };
    throw invalidOption(
      path,
      `${explicit} renders at a time need UV_THREADPOOL_SIZE=${explicit + THREADS_FOR_FILES} or more, set before Node ` +
        `starts; it is ${pool}. The pool serves files too, and they would wait for renders.`,
    );
  }
  const cores = availableParallelism();
  const concurrency = Math.max(1, Math.min(cores, available));
  if (concurrency >= cores) return { concurrency };
  const warning =
    `Only ${concurrency} of ${cores} cores will render: set UV_THREADPOOL_SIZE=${cores + THREADS_FOR_FILES} before ` +
    `Node starts (it is ${pool}).`;
  return { concurrency, warning };
}

function threadPoolSize(): number {
  const size = Number.parseInt(process.env['UV_THREADPOOL_SIZE'] ?? '', 10);
  return Number.isNaN(size) ? 4 : Math.min(Math.max(size, 1), 1024);
}
