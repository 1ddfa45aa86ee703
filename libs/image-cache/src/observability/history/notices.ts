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
  /** The id that it had first; a repetition takes the place of what has the same. */
  readonly run: number;
  /** When it was last so; milliseconds since the epoch. */
  readonly at: number;
  readonly level: NoticeLevel;
  /** One line. */
  readonly text: string;
  /** How often it was so in a row. */
  readonly times: number;
}

/** Notices that are kept: at most half of them tell of what is done, unless there is less trouble. */
const KEPT = 100;

/** Milliseconds within which the same is told once, with how often. */
const SAME = 60_000;

interface Told {
  readonly topic: string;
  readonly level: NoticeLevel;
  readonly text: string;
  /** The line when it is not the first of its topic. @default `text` */
  readonly again?: string;
}

interface Kept {
  readonly topic: string;
  readonly notice: Notice;
}

/** Keeps the last things worth telling: what fails again and again is one line. */
export class Notices {
  readonly #clock: Clock;
  /** The oldest first. */
  readonly #kept: Kept[] = [];
  readonly #listeners = new Set<(notice: Notice) => void>();
  readonly #stops: readonly (() => void)[];
  #last = 0;

  constructor(cache: Observed, clock: Clock) {
    this.#clock = clock;
    this.#stops = [...this.#faults(cache), ...this.#changes(cache)];
  }

  /** The newest ones first. */
  list(): Notice[] {
    return this.#kept.map(({ notice }) => notice).reverse();
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
        // What somebody has asked for is told one by one; by itself, it may be all images of a folder.
        const isAsked = reason === 'request' || reason === 'purge';
        const again =
          isAsked || identifier === undefined
            ? text
            : `Evicted images (${reason}), ${identifier} the last: ${countsText(counts)}.`;
        this.#tell({ topic: isAsked ? text : `evicted/${reason}`, level: 'done', text, again });
      }),
      cache.on('step', ({ report, dryRun }) => {
        if (dryRun || !isNews(report)) return;
        const { step, removed, failed, failure, stopped } = report;
        const trouble =
          failed > 0 ? `, ${failed} failed: ${failure ?? 'unknown'}` : stopped && `, ended early: ${stopped}`;
        const text = `Sweep, ${step}: ${removed} removed${trouble ?? ''}.`;
        this.#tell({ topic: text, level: trouble === undefined ? 'done' : 'warning', text });
      }),
      cache.on('configured', ({ changed }) => {
        this.#tell({ topic: `configured/${changed.join()}`, level: 'done', text: `Changed: ${changed.join(', ')}.` });
      }),
    ];
  }

  #tell({ topic, level, text, again = text }: Told): void {
    const at = this.#clock.now();
    const id = (this.#last += 1);
    const same = this.#kept.findLast((each) => each.topic === topic && at - each.notice.at < SAME);
    if (same !== undefined) this.#kept.splice(this.#kept.indexOf(same), 1);
    const notice: Notice =
      same === undefined
        ? { id, run: id, at, level, text, times: 1 }
        : { id, run: same.notice.run, at, level, text: again, times: same.notice.times + 1 };
    this.#kept.push({ topic, notice });
    if (this.#kept.length > KEPT) this.#forgetOne();
    for (const listener of this.#listeners) listener(notice);
  }

  /** Evictions by the thousand leave what has failed, and the other way round. */
  #forgetOne(): void {
    const done = this.#kept.filter(isDone);
    const isTooMuchDone = done.length > KEPT / 2;
    const oldest = this.#kept.findIndex((each) => isDone(each) === isTooMuchDone);
    this.#kept.splice(oldest, 1);
  }
}

function isDone({ notice }: Kept): boolean {
  return notice.level === 'done';
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
