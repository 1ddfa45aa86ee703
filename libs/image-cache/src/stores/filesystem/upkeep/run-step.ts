import { messageOf } from '../../../common/errors.js';
import { Layout } from '../files/layout.js';
import type { Brake } from './brake.js';
import type { Disk } from './disk.js';
import { Pace } from './pace.js';
import type { Batch, News, StepRequest } from './protocol.js';
import { Remover } from './remover.js';
import { StepEnd, StepRun } from './step-run.js';
import { STEPS } from './steps/registry.js';

/** What a step is run with. */
export interface StepTools {
  readonly disk: Disk;
  readonly brake: Brake;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Told now and then what has happened. */
  readonly tell: (news: News) => void;
  /** Given parts of a list, in the steps that list something. */
  readonly send: (batch: Batch) => void;
}

/** Runs a step from its beginning to its end and returns what has not been told yet. */
export function runStep(request: StepRequest, tools: StepTools): News {
  const { disk, brake, now, send, tell } = tools;
  const { step, root, geometry, dryRun, rate } = request;
  const layout = new Layout(root, geometry);
  const sleep = (milliseconds: number): void => {
    brake.sleep(milliseconds);
  };
  const run = new StepRun({ brake, pace: new Pace({ rate, now, sleep }), now, tell, dryRun });
  const remover = new Remover({ disk, layout, run, dryRun });
  try {
    STEPS[step]({ request, disk, layout, run, remover, send });
  } catch (error) {
    const isEnd = error instanceof StepEnd;
    run.counts.stopped = isEnd ? error.reason : messageOf(error);
    if (!isEnd) run.counts.failed += 1;
  }
  return run.news();
}
