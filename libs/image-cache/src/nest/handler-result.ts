import { StreamableFile } from '@nestjs/common';
import { fileTypeFromBuffer } from 'file-type';
import { Readable } from 'node:stream';
import { toBuffer } from '../common/streams.js';
import { NotCacheable, type UncacheableReason } from '../common/not-cacheable.js';
import { requireSendable } from '../http/header-values.js';
import { isCovered } from '../http/vary.js';
import type { RenderedImage } from '../ports/image-info.js';
import { adopt, peek } from './handler-stream.js';
import type { HttpExchange } from './http-exchange.js';
import { sendable } from './sendable.js';

/** What responses of a route that are stored may have beside a picture. */
export interface StorableResponse {
  /** Names of the headers that are stored with it, in lower case. */
  readonly headers: readonly string[];
  /** Names of the request headers that it may vary by. */
  readonly vary: readonly string[];
}

/** The part of a sharp pipeline that is used here. */
interface ImagePipeline {
  metadata(): Promise<unknown>;
  toBuffer(options: { resolveWithObject: true }): Promise<{ data: Buffer; info: { format: string } }>;
}

/**
 * Turns what a handler returned into a picture: a Buffer, a stream, a StreamableFile or a sharp pipeline.
 *
 * @param signal ends the wait for the first bytes of a stream
 * @throws NotCacheable when it is something else, or the response is for its own request alone
 * @throws TypeError when a header that is stored with it cannot be sent
 */
export async function renderedImage(
  result: unknown,
  exchange: HttpExchange,
  storable: StorableResponse,
  signal: AbortSignal,
): Promise<RenderedImage> {
  const refusal = reasonNotToCache(exchange, storable.vary);
  if (refusal !== undefined) throw new NotCacheable(...refusal, result);
  const returned = await pictureOf(result);
  if (returned === undefined) throw new NotCacheable('type', NO_PICTURE, result);
  const { announcedLength } = returned;
  const contentType = exchange.responseHeader('content-type') ?? returned.contentType;
  const headers = { ...returned.headers, ...replayedHeaders(exchange, storable.headers) };
  try {
    requireSendable({ ...headers, 'content-type': contentType });
  } catch (error) {
    discardResult(result);
    throw error;
  }
  const whole = Buffer.isBuffer(returned.body) ? returned.body : adopt(returned.body);
  const { first, body } = await peek(whole, SAMPLE, signal);
  // What failed without saying so must not be served as a picture until it expires.
  if (first.byteLength === 0) throw new NotCacheable('empty', 'the handler returned an empty body', result);
  return {
    body,
    contentType: contentType ?? (await sniff(first)),
    headers,
    ...(announcedLength !== undefined && { announcedLength }),
  };
}

/**
 * Gives what a handler returned to Nest to be sent to its own client only: a picture as what it is, anything else as
 * Nest would send it without a cache. A stream that has not begun when its client leaves is destroyed.
 */
export async function unsharedResult(result: unknown, exchange: HttpExchange, client: AbortSignal): Promise<unknown> {
  const returned = result instanceof StreamableFile ? undefined : await pictureOf(result);
  if (returned === undefined) return result;
  const { first, body } = await peek(returned.body, SAMPLE, client);
  if (exchange.responseHeader('content-type') === undefined)
    exchange.setHeader('Content-Type', returned.contentType ?? (await sniff(first)));
  if (Buffer.isBuffer(body)) exchange.setHeader('Content-Length', String(body.byteLength));
  return sendable(exchange, body);
}

/** Closes what a handler returned and nobody will get. */
export function discardResult(result: unknown): void {
  const body = result instanceof StreamableFile ? result.getStream() : result;
  if (body instanceof Readable) body.destroy();
}

const NO_PICTURE = 'the handler returned neither a Buffer, a stream, a StreamableFile nor a sharp pipeline';

interface Picture {
  readonly body: Buffer | Readable;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly announcedLength?: number | undefined;
}

async function pictureOf(result: unknown): Promise<Picture | undefined> {
  if (result instanceof StreamableFile) return fileOf(result);
  if (result instanceof Uint8Array) return { body: toBuffer(result) };
  if (isImagePipeline(result)) {
    const { data, info } = await result.toBuffer({ resolveWithObject: true });
    return { body: data, contentType: `image/${info.format === 'heif' ? 'avif' : info.format}` };
  }
  return result instanceof Readable ? { body: result } : undefined;
}

function fileOf(file: StreamableFile): Picture {
  const { type, disposition, length } = file.getHeaders();
  return {
    body: file.getStream(),
    contentType: type === GENERIC ? undefined : type,
    headers: typeof disposition === 'string' ? { 'content-disposition': disposition } : {},
    announcedLength: length,
  };
}

/** What a StreamableFile says when nobody has told it. */
const GENERIC = 'application/octet-stream';

/** Bytes that tell what a picture is. */
const SAMPLE = 4100;

/** Types that are safe to be guessed: none that a browser runs as a script, none that is text. */
const GUESSED = /^(image|video)\/(?!svg)|^application\/pdf$/;

/** By the first bytes; what they do not tell is left as bytes. */
async function sniff(first: Buffer): Promise<string> {
  const mime = (await fileTypeFromBuffer(first))?.mime ?? GENERIC;
  return GUESSED.test(mime) ? mime : GENERIC;
}

/** Why a response is for its own request alone, in a word and in words. */
function reasonNotToCache(
  exchange: HttpExchange,
  covered: readonly string[],
): readonly [UncacheableReason, string] | undefined {
  const cacheControl = exchange.responseHeader('cache-control') ?? '';
  if (exchange.status !== 200) return ['status', `it was answered with status ${exchange.status}`];
  if (exchange.setsCookie) return ['cookie', 'it sets a cookie'];
  if (/\b(private|no-store)\b/i.test(cacheControl)) return ['cache-control', `it says Cache-Control: ${cacheControl}`];
  const encoding = exchange.responseHeader('content-encoding');
  if (encoding !== undefined) return ['encoding', `it is encoded as ${encoding}`];
  const vary = exchange.responseHeader('vary') ?? '';
  return isCovered(vary, covered) ? undefined : ['vary', `it varies by ${vary}, which is not part of the key`];
}

function replayedHeaders(exchange: HttpExchange, names: readonly string[]): Record<string, string> {
  const headers = names.map((name) => [name, exchange.responseHeader(name)] as const);
  return Object.fromEntries(headers.filter((header): header is [string, string] => header[1] !== undefined));
}

function isImagePipeline(value: unknown): value is ImagePipeline {
  return (
    typeof value === 'object' &&
    value !== null &&
    'metadata' in value &&
    typeof value.metadata === 'function' &&
    'toBuffer' in value &&
    typeof value.toBuffer === 'function'
  );
}
