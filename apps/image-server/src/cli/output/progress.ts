import { Presets, SingleBar } from 'cli-progress';
import { printable } from 'nestjs-image-cache';
import { count, size } from './quantities.js';
import type { WorkProgress } from '../management/work.js';

/** Shows how far something is. */
export interface Progress {
  readonly update: (progress: WorkProgress) => void;
  /** Takes it from the screen. */
  readonly end: () => void;
}

/** Shows nothing. */
export const NO_PROGRESS: Progress = { update: () => undefined, end: () => undefined };

/** A bar on a terminal: through what there is in total, where that is known, else through the named steps. */
export function progressBar(title: string, steps: readonly string[], stream: NodeJS.WritableStream): Progress {
  const bar = new SingleBar(
    {
      format: `${title} {bar} {done}`,
      stream,
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false,
      barsize: 24,
    },
    Presets.shades_classic,
  );
  bar.start(Math.max(1, steps.length), 0, { done: '' });
  return {
    update: (progress) => {
      if (progress.total !== undefined) bar.setTotal(Math.max(1, progress.total));
      const done = progress.done ?? Math.max(0, steps.indexOf(progress.step ?? ''));
      bar.update(done, { done: printable(words(progress)) });
    },
    end: () => {
      bar.stop();
    },
  };
}

function words({ step, done, total, examined, removed = 0, bytes = 0 }: WorkProgress): string {
  const parts = [
    step,
    total !== undefined && `${count(done ?? 0)} of ${count(total)}`,
    examined !== undefined && `${count(examined)} looked at`,
    removed > 0 && `${count(removed)} removed`,
    bytes > 0 && size(bytes),
  ];
  return parts.filter((part) => typeof part === 'string').join(' · ');
}
