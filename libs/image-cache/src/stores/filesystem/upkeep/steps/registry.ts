import type { ThreadStep } from '../protocol.js';
import { abandoned } from './abandoned.js';
import { bounds } from './bounds.js';
import { detritus } from './detritus.js';
import { expired } from './expired.js';
import { files } from './files.js';
import { images } from './images.js';
import { quarantine } from './quarantine.js';
import { scrub } from './scrub.js';
import type { Step } from './step.js';
import { trash } from './trash.js';

/** What the sweep thread can do, by name. */
export const STEPS: Readonly<Record<ThreadStep, Step>> = {
  expired,
  images,
  files,
  abandoned,
  detritus,
  quarantine,
  trash,
  bounds,
  scrub,
};
