import type { SweepReport } from 'nestjs-image-cache';
import type { ServerTask } from '../management/server-tasks.js';
import { count, size } from './quantities.js';

/** What came of a task in a few words, or how far it is. */
export function outcomeOf({ error, result, progress }: ServerTask): string {
  if (error !== undefined) return error;
  if (typeof result === 'object' && result !== null) return countsOf(isSweep(result) ? sumOf(result) : result);
  return progress === undefined ? '' : countsOf(progress);
}

function isSweep(result: object): result is Pick<SweepReport, 'steps'> {
  return 'steps' in result && Array.isArray(result.steps);
}

function sumOf({ steps }: Pick<SweepReport, 'steps'>): object {
  const sum = (field: 'removed' | 'bytes' | 'failed'): number => steps.reduce((all, step) => all + step[field], 0);
  return { removed: sum('removed'), bytes: sum('bytes'), failed: sum('failed') };
}

function countsOf(counts: object): string {
  const parts = Object.entries(counts).flatMap(([name, value]) => {
    if (typeof value !== 'number' || value === 0 || name === 'duration') return [];
    return name === 'bytes' ? [size(value)] : [`${count(value)} ${inWords(name)}`];
  });
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
