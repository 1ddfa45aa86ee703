import type { BeforeApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { repeat } from '../../common/repeat.js';
import type { Tier } from '../../observability/events.js';
import { History } from '../../observability/history/history.js';
import type { HistoryDocument } from '../../observability/history/history-document.js';
import type { Notice } from '../../observability/history/notices.js';
import type { Clock, ScheduledCall } from '../../ports/clock.js';
import type { Prefetcher } from '../../prefetch/prefetcher.js';
import type { ImageCache } from '../../service/image-cache.js';
import { keptKinds } from '../kept-kinds.js';
import { shownPrefetch } from '../shapes.js';
import type { PrefetchStatusDto } from '../dto/queue.dto.js';
import type { DashboardOptions } from './dashboard-options.js';
import { EventStreams } from './event-streams.js';
import { boundsOfAll } from '../../service/store-states.js';

/** A notice as it is told. */
export interface ToldNotice extends Omit<Notice, 'at'> {
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** What the dashboard draws. */
export interface DashboardHistory extends HistoryDocument {
  /** What happened of late, the newest first; of this process. */
  readonly notices: readonly ToldNotice[];
}

/** How this process is at the moment. */
export interface Pulse {
  /** ISO 8601, UTC. */
  readonly now: string;
  readonly rendering: { readonly running: number; readonly waiting: number };
  readonly prefetch?: PrefetchStatusDto;
}

/** What a {@link DashboardFeed} tells of. */
export interface DashboardFeedOptions {
  readonly cache: ImageCache;
  readonly clock: Clock;
  readonly options: DashboardOptions;
  readonly prefetcher?: Prefetcher | undefined;
}

/** Milliseconds between two pulses, while somebody looks. */
const PULSE = 2000;

/** Seconds of history that come along when a span has ended: rows of other processes may come late. */
const LATEST = 60;

/** What the dashboard is told: the history, what happens, and how it is at the moment. */
export class DashboardFeed implements OnModuleDestroy, BeforeApplicationShutdown {
  readonly #parts: DashboardFeedOptions;
  readonly #history: History;
  readonly #streams: EventStreams;
  readonly #pulse: ScheduledCall;

  constructor(parts: DashboardFeedOptions) {
    const { cache, clock, prefetcher, options } = parts;
    this.#parts = parts;
    this.#history = new History({
      cache,
      clock,
      directory: options.historyDirectory,
      queue: prefetcher && (() => prefetcher.status()),
      bounds: () => boundsOfAll(cache.stores),
      usedTier: usedTierOf(cache),
    });
    this.#streams = new EventStreams(clock);
    this.#history.subscribe(() => {
      void this.#tellLatest();
    });
    this.#history.notices.subscribe((notice) => {
      this.#streams.send('notice', toldNotice(notice));
    });
    this.#pulse = repeat(clock, PULSE, () => {
      if (this.#streams.size > 0) this.#streams.send('pulse', this.pulse());
    });
  }

  /** The last so many seconds. */
  async history(seconds: number): Promise<DashboardHistory> {
    return { ...(await this.#history.read(seconds)), notices: this.#history.notices.list().map(toldNotice) };
  }

  pulse(): Pulse {
    const { cache, clock, prefetcher } = this.#parts;
    const { rendering } = cache.stats();
    return {
      now: new Date(clock.now()).toISOString(),
      rendering,
      ...(prefetcher && { prefetch: shownPrefetch(prefetcher.status()) }),
    };
  }

  /** Whether one more may listen. */
  get hasRoom(): boolean {
    return this.#streams.hasRoom;
  }

  /** Tells a client everything from now on. */
  stream(response: ServerResponse): void {
    this.#streams.open(response, 'pulse', this.pulse());
  }

  /** The first that ends: a server that drains would wait for streams that do not. */
  onModuleDestroy(): void {
    this.#pulse.cancel();
    this.#streams.close();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#history.close();
  }

  async #tellLatest(): Promise<void> {
    if (this.#streams.size === 0) return;
    try {
      this.#streams.send('sample', await this.#history.read(LATEST));
    } catch (error) {
      this.#parts.cache.tell('background-failed', { what: 'telling the dashboard', error });
    }
  }
}

/** A picture that is asked for may have its original looked up, too: each use is counted once. */
function usedTierOf(cache: ImageCache): Tier {
  const kinds = keptKinds(cache);
  return (['variant', 'source'] as const).find((kind) => kinds.includes(kind)) ?? 'heap-info';
}

function toldNotice(notice: Notice): ToldNotice {
  return { ...notice, at: new Date(notice.at).toISOString() };
}
