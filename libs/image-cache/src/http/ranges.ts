import type { ByteRange, RangeRequest } from '../ports/entry.js';

/** One range of bytes: from a byte on, up to another one, or so many of the last ones. */
const RANGE = /^bytes=[ \t]*(?:(?<start>\d+)-(?<end>\d*)|-(?<suffix>\d+))[ \t]*$/i;

/**
 * The part that a `Range` header asks for (RFC 9110, section 14.2). `undefined` for several parts, other units and what
 * is no range: the whole is sent then.
 */
export function parseRange(header: string): RangeRequest | undefined {
  const { start, end = '', suffix } = RANGE.exec(header)?.groups ?? {};
  if (suffix !== undefined) return { suffix: Number(suffix) };
  if (start === undefined) return undefined;
  if (end === '') return { start: Number(start) };
  return Number(start) <= Number(end) ? { start: Number(start), end: Number(end) } : undefined;
}

/**
 * Writes the value of a `Content-Range` header (RFC 9110, section 14.4).
 *
 * @param range the part that is sent; `undefined` when there is no such part
 * @param size bytes of the whole
 */
export function formatContentRange(range: ByteRange | undefined, size: number): string {
  return `bytes ${range === undefined ? '*' : `${range.start}-${range.end}`}/${size}`;
}
