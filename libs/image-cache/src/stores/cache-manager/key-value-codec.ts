import { digestOf } from '../../common/streams.js';
import type { EntryMeta } from '../../ports/entry.js';

/** An entry as it is kept: plain JSON, whatever the cache does to its values. */
export interface HeldValue {
  readonly meta: EntryMeta;
  /** Base64. */
  readonly body: string;
}

/** When an entry was asked for, kept beside it: entries never change. */
export interface HeldAccess {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly hits: number;
}

/** Makes the value of an entry. */
export function encodeValue(meta: EntryMeta, body: Buffer): HeldValue {
  return { meta, body: body.toString('base64') };
}

/** Reads the value of an entry; `undefined` when it is not what was written. */
export function decodeValue(value: unknown): { readonly meta: EntryMeta; readonly body: Buffer } | undefined {
  if (!isRecord(value) || !isMeta(value['meta']) || typeof value['body'] !== 'string') return undefined;
  const { meta } = value;
  const body = Buffer.from(value['body'], 'base64');
  return body.byteLength === meta.size && digestOf(body) === meta.digest ? { meta, body } : undefined;
}

/** Reads when an entry was asked for. */
export function decodeAccess(value: unknown): HeldAccess | undefined {
  if (!isRecord(value) || typeof value['at'] !== 'number' || typeof value['hits'] !== 'number') return undefined;
  return { at: value['at'], hits: value['hits'] };
}

/** What is beside the body is checked by its shape only: it is not covered by the digest. */
function isMeta(value: unknown): value is EntryMeta {
  return (
    isRecord(value) &&
    ['identifier', 'contentType', 'digest'].every((field) => typeof value[field] === 'string') &&
    ['size', 'createdAt'].every((field) => typeof value[field] === 'number') &&
    ['undefined', 'string'].includes(typeof value['operations']) &&
    ['source', 'headers'].every((field) => value[field] === undefined || isRecord(value[field]))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
