import { crc32 } from 'node:zlib';
import type { PrefetchJob, PrefetchProgress } from '../prefetcher.js';

/** A job as the queue keeps it. */
export interface QueuedJob extends PrefetchJob {
  /** The configured variants are wanted beside those that are named. */
  readonly withConfigured?: boolean;
  /** Changes when more is wanted of the image, or all of it again: who works on it has then not done all. */
  readonly revision: number;
  /** Who works on it. */
  readonly holder?: string;
}

/** A job that is to be queued. */
export type NewJob = Pick<QueuedJob, 'id' | 'identifier' | 'variants' | 'withConfigured' | 'priority' | 'queuedAt'>;

/**
 * What can be done to a queue. One that does not fit to the state that it finds has no effect: several processes do such
 * things at the same time, and the order in which they are written down decides.
 */
export type QueueOperation =
  /** `again`: what is being done for the image at the moment does not count. */
  | { readonly op: 'add'; readonly job: NewJob; readonly again?: boolean }
  /** `idle`: for so long, a job that has failed could have been tried again, and nobody did; milliseconds. */
  | { readonly op: 'claim'; readonly id: string; readonly holder: string; readonly at?: number; readonly idle?: number }
  | { readonly op: 'done'; readonly id: string; readonly holder: string; readonly revision: number }
  /** Without `notBefore` it is given up. */
  | {
      readonly op: 'failed';
      readonly id: string;
      readonly holder: string;
      readonly error: string;
      readonly at: number;
      readonly notBefore?: number;
    }
  | { readonly op: 'release'; readonly id: string; readonly holder: string; readonly at?: number }
  /** Jobs that have failed are as if they were new: one of them, or all. */
  | { readonly op: 'retry'; readonly id?: string }
  /** With a `revision`, only if nothing more is wanted of the image since. */
  | { readonly op: 'remove'; readonly id: string; readonly revision?: number }
  | { readonly op: 'clear' }
  /** No job is to be begun, or jobs again. */
  | { readonly op: 'pause' | 'resume' }
  /** The holder is alive. */
  | {
      readonly op: 'beat';
      readonly holder: string;
      readonly at?: number;
      readonly progress: Readonly<Record<string, PrefetchProgress>>;
    }
  /** Its jobs are free, if it has written nothing since it was seen to have written so much. */
  | { readonly op: 'expire'; readonly holder: string; readonly beats: number }
  /** The parts of a state that is taken over. */
  | { readonly op: 'restore'; readonly job: QueuedJob }
  | ({ readonly op: 'known'; readonly holder: string } & LastSign);

/** What is known of the life of a holder. */
export interface LastSign {
  /** How often it has written something. */
  readonly beats: number;
  /** When it has said so last; milliseconds since the epoch. */
  readonly at?: number;
}

/** What came of an operation. */
export interface QueueOutcome {
  /** Whether it had an effect. */
  readonly accepted: boolean;
  /** The job as it is now; as it was, where it is gone. */
  readonly job?: QueuedJob;
  /** How many jobs it concerned. */
  readonly count?: number;
}

/** An operation as it is written down, and its name, by which its author finds it again. */
export interface WrittenOperation {
  readonly name: string;
  readonly operation: QueueOperation | LogMark;
}

/** What is written down beside the operations. */
export type LogMark =
  /** The first line of a file. */
  | { readonly op: 'begin'; readonly version: number }
  /** The file ends here, whatever else is written to it. */
  | { readonly op: 'seal' };

/**
 * An operation as a line. Lines begin as they end: what a write has left unfinished that was cut short becomes a line of
 * its own, which the sum reveals.
 */
export function encodeOperation({ name, operation }: WrittenOperation): string {
  const text = `${name} ${JSON.stringify(operation)}`;
  return `\n${sumOf(text)} ${text}\n`;
}

/** Reverses {@link encodeOperation}; `undefined` when the line is none, or not whole. */
export function decodeOperation(line: string): WrittenOperation | undefined {
  const [, sum, text = ''] = /^([0-9a-f]{8}) (.*)$/s.exec(line) ?? [];
  if (sum !== sumOf(text)) return undefined;
  const space = text.indexOf(' ');
  const operation = JSON.parse(text.slice(space + 1)) as WrittenOperation['operation'];
  return { name: text.slice(0, space), operation };
}

function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
