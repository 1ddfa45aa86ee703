import { HttpException } from '@nestjs/common';
import { Readable } from 'node:stream';
import { resolveRange } from '../common/streams.js';
import { isStale } from '../http/cache-status.js';
import { hintsWithoutLifetime, type ClientHints } from '../http/client-hints.js';
import {
  isNotModified,
  isPreconditionFailed,
  isSameBody,
  type ConditionalHeaders,
  type Validators,
} from '../http/conditional.js';
import { formatEtag, parseEtags } from '../http/entity-tags.js';
import { formatHttpDate } from '../http/http-dates.js';
import { formatContentRange, parseRange } from '../http/ranges.js';
import type { ByteRange, RangeRequest } from '../ports/entry.js';
import type { Variant, VariantRequest } from '../tiers/variant-request.js';
import type { HttpExchange } from './http-exchange.js';
import { sendable } from './sendable.js';

/** What a client says of the picture that it wants, for the cache to find no more than it needs. */
export type VariantConditions = Pick<VariantRequest, 'ifNoneMatch' | 'range' | 'isRangeOf'>;

/** Reads the headers of a request that make it depend on what the client has. */
export function conditionsOf(exchange: HttpExchange): VariantConditions {
  const ifNoneMatch = exchange.header('if-none-match');
  const range = rangeOf(exchange);
  const ifRange = exchange.header('if-range');
  return {
    ...(ifNoneMatch !== undefined && { ifNoneMatch: parseEtags(ifNoneMatch) }),
    ...(range && { range }),
    ...(range && ifRange !== undefined && { isRangeOf: (meta: Validators) => isSameBody(ifRange, meta) }),
  };
}

/**
 * Answers with a variant: 200, 206 with the part that was asked for, or 304 when the client has it. Sets the headers and
 * returns the body for Nest to send.
 *
 * @param hints what clients are told about a good answer
 * @throws HttpException 412 when the client wants another one, 416 when it has no such part
 */
export function sendVariant(exchange: HttpExchange, variant: Variant, hints: ClientHints): unknown {
  try {
    return answerWith(exchange, variant, hints);
  } catch (error) {
    if (variant.body instanceof Readable) variant.body.destroy();
    throw error;
  }
}

function answerWith(exchange: HttpExchange, variant: Variant, hints: ClientHints): unknown {
  const { meta, outcome, body } = variant;
  const validators = { digest: meta.digest, lastModified: lastModifiedOf(variant) };
  const request = conditionalHeaders(exchange);
  exchange.addCacheStatus(outcome);
  if (isPreconditionFailed(request, validators)) throw refusal(412, 'The picture is another one by now.');
  const described = {
    ETag: meta.digest === undefined ? undefined : formatEtag(meta.digest),
    'Last-Modified': formatHttpDate(validators.lastModified),
  };
  const told = isStale(outcome) ? hintsWithoutLifetime(hints) : hints;
  if (body === undefined || isNotModified(request, validators)) {
    if (body instanceof Readable) body.destroy();
    exchange.setHints(told, meta.identifier);
    exchange.setHeaders(described);
    exchange.status = 304;
    return undefined;
  }
  const part = partOf(exchange, { ...variant, body }, validators);
  exchange.setHints(told, meta.identifier);
  exchange.setHeaders({
    ...described,
    ...meta.headers,
    'Accept-Ranges': 'bytes',
    'Content-Type': meta.contentType,
    'Content-Length': part.size === undefined ? undefined : String(part.size),
    'Content-Range': part.contentRange,
  });
  exchange.bodySize = part.size ?? 0;
  if (part.contentRange !== undefined) exchange.status = 206;
  return sendable(exchange, part.body, part.size);
}

interface Part {
  readonly body: Buffer | Readable;
  /** Bytes; absent while the body grows and nobody has announced it. */
  readonly size?: number;
  /** Absent for the whole. */
  readonly contentRange?: string;
}

/**
 * A stream that has not been cut is sent whole, and so is one of which nobody knows yet how long it is: a server may
 * ignore what range it was asked for (RFC 9110, section 14.2).
 */
function partOf(exchange: HttpExchange, variant: Required<Pick<Variant, 'body'>> & Variant, known: Validators): Part {
  const { body, range } = variant;
  const { size } = variant.meta;
  if (size === undefined) return { body };
  if (range !== undefined) return { body, size: sizeOf(range), contentRange: formatContentRange(range, size) };
  const asked = rangeOf(exchange);
  const ifRange = exchange.header('if-range');
  if (asked === undefined || (ifRange !== undefined && !isSameBody(ifRange, known))) return { body, size };
  const part = resolveRange(asked, size);
  if (part === undefined) {
    exchange.setHeader('Content-Range', formatContentRange(undefined, size));
    throw refusal(416, `The picture has ${size} bytes.`);
  }
  if (!Buffer.isBuffer(body)) return { body, size };
  const bytes = body.subarray(part.start, part.end + 1);
  return { body: bytes, size: sizeOf(part), contentRange: formatContentRange(part, size) };
}

function sizeOf({ start, end }: ByteRange): number {
  return end - start + 1;
}

/** Only of what is got there are parts (RFC 9110, section 14.2). */
function rangeOf(exchange: HttpExchange): RangeRequest | undefined {
  const header = exchange.method === 'GET' ? exchange.header('range') : undefined;
  return header === undefined ? undefined : parseRange(header);
}

function conditionalHeaders(exchange: HttpExchange): ConditionalHeaders {
  return {
    ifMatch: exchange.header('if-match'),
    ifUnmodifiedSince: exchange.header('if-unmodified-since'),
    ifNoneMatch: exchange.header('if-none-match'),
    ifModifiedSince: exchange.header('if-modified-since'),
  };
}

function refusal(status: number, message: string): HttpException {
  return new HttpException({ statusCode: status, message }, status);
}

/** The source's time of modification, else the time of the render; milliseconds since the epoch. */
function lastModifiedOf({ meta }: Variant): number {
  const nanoseconds = meta.source?.lastModified;
  return nanoseconds === undefined ? meta.createdAt : Number(BigInt(nanoseconds) / 1_000_000n);
}
