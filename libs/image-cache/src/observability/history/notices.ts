import { messageOf } from '../../common/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { EvictedCounts } from '../../ports/entry.js';
import type { StepReport } from '../../ports/cache-store.js';
import type { Observed } from './observed.js';

/** How much a notice matters: something is done, should be looked at, or needs somebody. */
export type NoticeLevel = 'done' | 'warning' | 'alarm';

/** Something that an operator wants to know of. */
export interface Notice {
  /** Grows with every notice, and with every time that one is repeated. */
  readonly id: number;
  /** When it was last so; milliseconds since the epoch. */
  readonly at: number;
  readonly level: NoticeLevel;
  /** One line. */
  readonly text: string;
  /** How often it was so in a row. */
  readonly times: number;
}

/** Notices that are kept. */
const KEPT = 100;

/** Milliseconds within which the same is told once, with how often. */
const SAME = 60_000;

interface Told {
  readonly topic: string;
  readonly level: NoticeLevel;
  readonly text: string;
}

/** Keeps the last things worth telling: what fails again and again is one line. */
export class Notices {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Notice>();
  readonly #listeners = new Set<(notice: Notice) => void>();
  readonly #stops: readonly (() => void)[];
  #last = 0;

  constructor(cache: Observed, clock: Clock) {
    this.#clock = clock;
    this.#stops = [...this.#faults(cache), ...this.#changes(cache)];
  }

  /** The newest ones first. */
  list(): Notice[] {
    return [...this.#kept.values()].sort((a, b) => b.id - a.id);
  }

  /** Told of every notice, and of every time that one is repeated; call the result to stop. */
  subscribe(listener: (notice: Notice) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#listeners.clear();
  }

  #faults(cache: Observed): (() => void)[] {
    const warn = (topic: string, text: string): void => {
      this.#tell({ topic, level: 'warning', text });
    };
    return [
      cache.on('store-failed', ({ store, operation, error }) => {
        warn(`${store}/${operation}`, `${store} failed to ${operation}: ${messageOf(error)}`);
      }),
      cache.on('incident', ({ store, incident: { kind, message } }) => {
        warn(`${store}/${kind}`, `${store}: ${message}`);
      }),
      cache.on('source-unavailable', ({ error }) => {
        warn('source', `The source does not answer: ${messageOf(error)}`);
      }),
      cache.on('overloaded', ({ error }) => {
        warn('overloaded', `Requests are refused: ${messageOf(error)}`);
      }),
      cache.on('limited', ({ error }) => {
        warn('limited', `A client is refused: ${messageOf(error)}`);
      }),
      cache.on('renew-failed', ({ error }) => {
        warn('renew-failed', `Pictures are served past their time: ${messageOf(error)}`);
      }),
      cache.on('warm-failed', ({ error }) => {
        warn('warm-failed', `Pictures could not be rendered beforehand: ${messageOf(error)}`);
      }),
      cache.on('prefetch-failed', ({ identifier, error, isGivenUp }) => {
        if (isGivenUp)
          warn('prefetch/given-up', `Images are not prefetched, ${identifier} the last: ${messageOf(error)}`);
        else warn('prefetch', `Images are prefetched later, ${identifier} the last: ${messageOf(error)}`);
      }),
      cache.on('management-failed', ({ what, error }) => {
        warn(`management/${what}`, `${what} failed: ${messageOf(error)}`);
      }),
      cache.on('background-failed', ({ what, error }) => {
        warn(`background/${what}`, `${what} failed: ${messageOf(error)}`);
      }),
    ];
  }

  #changes(cache: Observed): (() => void)[] {
    return [
      cache.on('store-breaker', ({ store, path, open }) => {
        const text = open ? `${store}: ${path} are left out until it works again.` : `${store}: ${path} work again.`;
        this.#tell({ topic: `breaker/${store}/${path}/${open}`, level: open ? 'alarm' : 'done', text });
      }),
      cache.on('evicted', ({ reason, identifier, counts }) => {
        const what = identifier ?? (reason === 'purge' ? 'everything' : 'entries');
        const text = `Evicted ${what} (${reason}): ${countsText(counts)}.`;
        this.#tell({ topic: `evicted/${reason}/${identifier === undefined}`, level: 'done', text });
      }),
      cache.on('step', ({ report, dryRun }) => {
        if (dryRun || !isNews(report)) return;
        const { step, removed, failed, failure, stopped } = report;
        const trouble =
          failed > 0 ? `, ${failed} failed: ${failure ?? 'unknown'}` : stopped && `, ended early: ${stopped}`;
        const text = `Sweep, ${step}: ${removed} removed${trouble ?? ''}.`;
        this.#tell({ topic: `step/${step}`, level: trouble === undefined ? 'done' : 'warning', text });
      }),
      cache.on('configured', ({ changed }) => {
        this.#tell({ topic: `configured/${changed.join()}`, level: 'done', text: `Changed: ${changed.join(', ')}.` });
      }),
    ];
  }

  #tell({ topic, level, text }: Told): void {
    const at = this.#clock.now();
    const same = this.#kept.get(topic);
    const times = same !== undefined && at - same.at < SAME ? same.times + 1 : 1;
    const notice: Notice = { id: (this.#last += 1), at, level, text, times };
    this.#kept.delete(topic);
    this.#kept.set(topic, notice);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
    for (const listener of this.#listeners) listener(notice);
  }
}

function isNews({ removed, failed, stopped }: StepReport): boolean {
  return removed > 0 || failed > 0 || stopped !== undefined;
}

function countsText({ infos, variants, sources }: EvictedCounts): string {
  const parts = [
    [infos, 'info'],
    [variants, 'variant'],
    [sources, 'original'],
  ] as const;
  const some = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}${count === 1 ? '' : 's'}`);
  return some.length === 0 ? 'nothing' : some.join(', ');
}
