import { Worker } from 'node:worker_threads';
import { abortError } from '../../../common/deadline.js';
import { ImageCacheError, messageOf } from '../../../common/errors.js';
import type { Clock, ScheduledCall } from '../../../ports/clock.js';
import { BrakeLever } from './brake.js';
import type { Batch, News, StepRequest, ThreadMessage } from './protocol.js';

/** What a {@link SweepClient} depends on. */
export interface SweepClientOptions {
  readonly clock: Clock;
  /** Starts the thread with the memory that both see. @default {@link startSweepThread} */
  readonly start?: (control: Int32Array) => Worker;
}

/** Who is told of what while a step runs. */
export interface StepListener {
  readonly signal?: AbortSignal | undefined;
  /** Told now and then, and at the end, what has happened since the last time. */
  readonly onNews: (news: News) => void;
  /** Given parts of a list; the next ones come when it resolves. */
  readonly onBatch?: (batch: Batch) => Promise<void>;
}

/** Milliseconds for which an idle thread waits for the next step of a shift. */
const LINGER = 1000;

/** Milliseconds in which a thread that was told to stop has to answer; one that waits for a dead disk cannot. */
const GRACE = 1000;

/** Batches under way. */
const CREDIT = 2;

/** The thread, and what stops it: one that was given up must not see that the next one may go on. */
interface Thread {
  readonly worker: Worker;
  readonly lever: BrakeLever;
}

/** A step that the thread is at. */
interface Conversation {
  readonly step: string;
  readonly listener: StepListener;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Has the steps of a store run by a thread of its own, one at a time. The thread is started when it is needed and ends
 * soon after a shift. When it dies, its step fails, and the next one starts another.
 */
export class SweepClient {
  readonly #options: SweepClientOptions;
  readonly #closing = new AbortController();
  #turn: Promise<unknown> = Promise.resolve();
  #thread: Thread | undefined;
  #conversation: Conversation | undefined;
  #idle: ScheduledCall | undefined;

  constructor(options: SweepClientOptions) {
    this.#options = options;
  }

  /**
   * Runs a step when those before it have ended, and resolves at its end, also when it was told to stop.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_STORE_UNAVAILABLE` when the thread could not be started, died or did not stop;
   * `E_IMAGE_CACHE_ABORTED` when the signal was aborted before the step had begun
   */
  run(request: StepRequest, listener: StepListener): Promise<void> {
    const ends = AbortSignal.any([this.#closing.signal, ...(listener.signal ? [listener.signal] : [])]);
    const ran = this.#turn.then(async () => {
      if (ends.aborted) throw abortError(ends);
      await this.#run(request, listener, ends);
    });
    this.#turn = ran.catch(() => undefined);
    return ran;
  }

  /** Stops the step that is under way, and ends the thread. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#turn;
    await this.#end();
  }

  async #run(request: StepRequest, listener: StepListener, ends: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    this.#idle?.cancel();
    const { worker, lever } = this.#start();
    lever.release(CREDIT);
    let grace: ScheduledCall | undefined;
    const stop = (): void => {
      lever.stop();
      const fail = (): void => {
        this.#fail(worker, `did not stop within ${GRACE} ms`);
      };
      grace = clock.schedule(GRACE, fail, { deadline: true });
    };
    ends.addEventListener('abort', stop, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        this.#conversation = { step: request.step, listener, resolve, reject };
        worker.ref();
        worker.postMessage(request);
      });
      this.#idle = clock.schedule(LINGER, () => void this.#end());
    } finally {
      this.#conversation = undefined;
      worker.unref();
      grace?.cancel();
      ends.removeEventListener('abort', stop);
    }
  }

  #start(): Thread {
    if (this.#thread !== undefined) return this.#thread;
    const { start = startSweepThread } = this.#options;
    const lever = new BrakeLever();
    try {
      const worker = start(lever.control);
      worker.on('message', (message: ThreadMessage) => {
        try {
          this.#hear(message, lever);
        } catch (cause) {
          this.#fail(worker, `was not listened to: ${messageOf(cause)}`, cause);
        }
      });
      worker.on('error', (cause) => {
        this.#fail(worker, `died: ${messageOf(cause)}`, cause);
      });
      worker.on('exit', (code) => {
        this.#fail(worker, `ended with exit code ${code}`);
      });
      this.#thread = { worker, lever };
      return this.#thread;
    } catch (cause) {
      throw unavailable(`could not be started: ${messageOf(cause)}`, cause);
    }
  }

  #hear(message: ThreadMessage, lever: BrakeLever): void {
    const { listener, resolve } = this.#conversation ?? {};
    if (message.type === 'batch') {
      void listener?.onBatch?.(message.batch).then(() => {
        lever.addCredit();
      });
      return;
    }
    listener?.onNews(message.news);
    if (message.type === 'done') resolve?.();
  }

  /** The thread is of no more use; the step that it is at has failed. */
  #fail(worker: Worker, reason: string, cause?: unknown): void {
    if (worker !== this.#thread?.worker) return;
    const { step, reject } = this.#conversation ?? {};
    reject?.(unavailable(`${reason} in the middle of the step "${step ?? ''}"`, cause));
    void this.#end();
  }

  /** A thread that waits for a dead disk ends when that answers: nobody waits for it. */
  async #end(): Promise<void> {
    this.#idle?.cancel();
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.worker.terminate();
  }
}

function unavailable(reason: string, cause?: unknown): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', `The thread that sweeps ${reason}.`, { cause });
}

/**
 * Starts the thread. It inherits nothing: what the application loads beforehand into its processes is not for a thread
 * that removes files.
 */
export function startSweepThread(control: Int32Array): Worker {
  const file = new URL(import.meta.resolve('#sweep-thread'));
  return new Worker(file, { workerData: control, execArgv: [], env: {}, name: 'image-cache sweep' });
}
