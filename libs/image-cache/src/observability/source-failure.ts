import { isError, systemCode } from '../common/errors.js';

/**
 * How a source fails: it does not answer in time, it cannot be reached or read, or it says something else than what was
 * asked for.
 */
export type SourceFailure = 'timeout' | 'unreachable' | 'refused';

/** All of them. */
export const SOURCE_FAILURES: readonly SourceFailure[] = ['timeout', 'unreachable', 'refused'];

/** Causes that are looked at, one behind the other. */
const DEEPEST = 8;

/** Tells by an error and its causes how a source has failed. */
export function sourceFailureOf(error: unknown): SourceFailure {
  const all = [...causesOf(error)];
  if (all.some(isTimeout)) return 'timeout';
  // Codes of the system and of undici; ours have a line in them.
  return all.some((each) => /^(?!E_)[A-Z][A-Z0-9_]+$/.test(systemCode(each) ?? '')) ? 'unreachable' : 'refused';
}

function isTimeout(error: Error): boolean {
  return error.name === 'TimeoutError' || /TIMEOUT|TIMEDOUT/.test(systemCode(error) ?? '');
}

function* causesOf(error: unknown): Iterable<Error> {
  for (let [each, depth] = [error, 0]; isError(each) && depth < DEEPEST; [each, depth] = [each.cause, depth + 1])
    yield each;
}
