import { Cleaning } from './cleaning.js';
import { Jobs } from './jobs.js';
import { QueueCard } from './queue.js';
import { Settings } from './settings.js';
import { WorkerCard } from './worker.js';

/** The worker, the prefetch queue, settings, and what cleans up. */
export class Upkeep {
  #worker = new WorkerCard();
  #queue;
  #jobs;
  #settings;
  #cleaning;

  /** @param {() => void} changed called when something was done */
  constructor(changed) {
    this.#queue = new QueueCard(changed);
    this.#jobs = new Jobs(changed);
    this.#settings = new Settings(changed);
    this.#cleaning = new Cleaning(changed);
  }

  /** @param {any} status of the admin API */
  show(status) {
    this.#worker.show(status.worker ?? { enabled: false });
    this.#queue.show(status.prefetch);
    this.#jobs.follow(status.prefetch);
    this.#settings.show(status);
    this.#cleaning.show(status);
  }

  /** Shows how the prefetcher is at the moment. @param {any} pulse */
  feel({ prefetch }) {
    if (prefetch === undefined) return;
    this.#queue.show(prefetch);
    this.#jobs.follow(prefetch);
  }
}
