import assert from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';
import type { CacheStore } from '../../ports/cache-store.js';
import type { EntryMeta, StoredEntry } from '../../ports/entry.js';

/**
 * Requires that two values are the same, and says in words what they are. They may be of different realms, as under a test
 * runner that has one of its own.
 */
export function assertEqual<T>(actual: unknown, expected: T, what: string): asserts actual is T {
  assert.ok(
    isDeepStrictEqual(structuredClone(actual), structuredClone(expected)),
    `${what}: ${shortly(actual)}; expected: ${shortly(expected)}`,
  );
}

/** Characters of a value in a message. */
const LONGEST = 500;

function shortly(value: unknown): string {
  const text = inspect(value, { breakLength: Infinity, depth: 4, maxArrayLength: 6, maxStringLength: 80 });
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

/** Requires that a body is this one; a comparison of bytes in the message would take minutes for large ones. */
export function assertBody(body: Buffer | undefined, expected: Buffer): void {
  assert.ok(body !== undefined, 'read() answers undefined for an entry that was committed');
  assert.ok(
    body.equals(expected),
    `another body was read than was committed: ${body.byteLength} bytes, expected ${expected.byteLength}`,
  );
}

/** Requires that a read found an entry with a body. */
export function requireEntry(answer: Awaited<ReturnType<CacheStore['read']>>): StoredEntry {
  assert.ok(answer !== undefined, 'read() answers undefined for an entry that was committed');
  assert.ok(
    !('notModified' in answer),
    'read() answers without a body, and ifNoneMatch has not the digest of the entry',
  );
  return answer;
}

/** Requires that a commit has published. */
export function requirePublished(outcome: EntryMeta | 'fenced'): EntryMeta {
  assert.ok(outcome !== 'fenced', "commit() answers 'fenced' although nothing was evicted since reserve()");
  return outcome;
}

/** Requires that a commit has published nothing, after what ended its reservation. */
export function requireFenced(outcome: EntryMeta | 'fenced', after: string): void {
  assert.ok(outcome === 'fenced', `commit() publishes after ${after}; it has to answer 'fenced'`);
}

/** Requires that a call fails with this error, or with one of this code. */
export async function assertRejects(call: Promise<unknown>, expected: string | Error, what: string): Promise<void> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const wanted = typeof expected === 'string' ? `an ImageCacheError ${expected}` : `the error "${expected.message}"`;
  assert.ok('error' in outcome, `${what} has to reject with ${wanted}, and resolves`);
  const { error } = outcome;
  const isExpected = typeof expected === 'string' ? codeOf(error) === expected : error === expected;
  assert.ok(isExpected, `${what} has to reject with ${wanted} itself, and rejects with: ${shortly(error)}`);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
