import { parseEtags, parseStrongEtags } from './entity-tags.js';
import { parseHttpDate } from './http-dates.js';

/** The headers by which a client makes its request depend on what it has already. */
export interface ConditionalHeaders {
  readonly ifMatch?: string | undefined;
  readonly ifUnmodifiedSince?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
}

/** What is known about the answer. */
export interface Validators {
  /** SHA-256 of the body, base64url; absent while it is not known. */
  readonly digest?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly lastModified?: number | undefined;
}

/**
 * Whether the client wants another answer than there is, to be told with 412 (RFC 9110, section 13.2.2): `If-Match`
 * decides if it is there, by the strong comparison, else `If-Unmodified-Since`.
 */
export function isPreconditionFailed(
  { ifMatch, ifUnmodifiedSince }: ConditionalHeaders,
  { digest, lastModified }: Validators,
): boolean {
  if (ifMatch !== undefined) {
    if (ifMatch.trim() === '*') return false;
    return digest === undefined || !parseStrongEtags(ifMatch).includes(digest);
  }
  if (ifUnmodifiedSince === undefined || lastModified === undefined) return false;
  const since = parseHttpDate(ifUnmodifiedSince);
  return since !== undefined && inSeconds(lastModified) > since;
}

/**
 * Whether the client has the body already (RFC 9110, section 13.2.2): `If-None-Match` decides if it is there, else
 * `If-Modified-Since`.
 */
export function isNotModified(request: ConditionalHeaders, { digest, lastModified }: Validators): boolean {
  if (request.ifNoneMatch !== undefined) {
    if (request.ifNoneMatch.trim() === '*') return true;
    return digest !== undefined && parseEtags(request.ifNoneMatch).includes(digest);
  }
  if (request.ifModifiedSince === undefined || lastModified === undefined) return false;
  const since = parseHttpDate(request.ifModifiedSince);
  return since !== undefined && inSeconds(lastModified) <= since;
}

/**
 * Whether a part may be added to what a client has of the body (RFC 9110, section 13.1.5). Only a strong tag says so:
 * the date is that of the source image, of which other bytes may have been rendered.
 */
export function isSameBody(ifRange: string, { digest }: Validators): boolean {
  return digest !== undefined && parseStrongEtags(ifRange).includes(digest);
}

/** As precise as a header; milliseconds. */
function inSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000;
}
