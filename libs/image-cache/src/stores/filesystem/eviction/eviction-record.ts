import type { Eviction } from '../../../ports/cache-bus.js';
import type { EntryKey, Kind } from '../../../ports/entry.js';

/** An eviction, and who made it. */
export interface EvictionRecord {
  /** Names the store that has evicted; no two have the same name. */
  readonly by: string;
  /** Counts the records of one store, so that no two records are alike. */
  readonly count: number;
  readonly eviction: Eviction;
}

const KINDS: readonly (Kind | undefined)[] = ['info', 'variant', 'source', undefined];

/** A record as one line of JSON. */
export function encodeRecord({ by, count, eviction }: EvictionRecord): string {
  return `${JSON.stringify({ by, count, ...eviction })}\n`;
}

/**
 * Reads a line; `undefined` when it is no record: one that a killed process has left half written runs into the next
 * one, and a later version may write others.
 */
export function decodeRecord(line: string): EvictionRecord | undefined {
  const { by, count, ...eviction } = parse(line);
  return typeof by === 'string' && typeof count === 'number' && isEviction(eviction)
    ? { by, count, eviction }
    : undefined;
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(line)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

function isEviction(value: Readonly<Record<string, unknown>>): value is Eviction {
  const [field, ...others] = Object.keys(value);
  if (others.length > 0) return false;
  if (field === 'group') return typeof value[field] === 'string';
  if (field === 'key') return isKey(Object(value[field]) as Partial<Record<keyof EntryKey, unknown>>);
  return (field ?? 'kind') === 'kind' && KINDS.includes(value['kind'] as Kind | undefined);
}

function isKey({ kind, group, id, extension }: Partial<Record<keyof EntryKey, unknown>>): boolean {
  return kind !== undefined && KINDS.includes(kind as Kind) && [group, id, extension].every(isText);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}
