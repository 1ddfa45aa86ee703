import { Readable } from 'node:stream';
import { untilAborted } from '../common/deadline.js';
import { toError } from '../common/errors.js';
import { toBuffer } from '../common/streams.js';

/** A body with its first bytes. */
export interface Peeked {
  /** As many as were asked for, fewer when there are no more. */
  readonly first: Buffer;
  readonly body: Buffer | Readable;
}

/**
 * Takes a handler's stream over. Nest destroys the streams of a handler whose own client has gone or been refused, and
 * others may be waiting for what they give: from now on the stream ends by itself, by its own error or by its reader's.
 */
export function adopt(stream: NodeJS.ReadableStream): Readable {
  const readable = stream instanceof Readable ? stream : new Readable().wrap(stream);
  const destroy = readable.destroy.bind(readable);
  readable.destroy = (error) => (error === undefined && !readable.readableEnded ? readable : destroy(error));
  return readable;
}

/**
 * Reads the first bytes of a body, at least `length` where there are so many, and gives them back in front of the rest.
 * A stream that does not give them until the signal is aborted is destroyed, and so is one that gives something else.
 */
export async function peek(body: Buffer | Readable, length: number, signal: AbortSignal): Promise<Peeked> {
  if (Buffer.isBuffer(body)) return { first: body, body };
  const rest: AsyncIterator<unknown> = body[Symbol.asyncIterator]();
  const first = await firstOf(rest, length, signal).catch((error: unknown) => {
    // Without an error, a stream that was taken over would go on.
    body.destroy(toError(error));
    throw error;
  });
  const whole = async function* (): AsyncGenerator {
    yield first;
    yield* { [Symbol.asyncIterator]: () => rest };
  };
  return { first, body: ending(body, Readable.from(whole(), { objectMode: false })) };
}

async function firstOf(rest: AsyncIterator<unknown>, length: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let size = 0; size < length;) {
    const next = await untilAborted(rest.next(), signal);
    if (next.done === true) break;
    const chunk = toBuffer(next.value);
    chunks.push(chunk);
    size += chunk.byteLength;
  }
  return Buffer.concat(chunks);
}

/** What fails the reader fails the stream at once: it may be waiting for bytes that never come. */
function ending(stream: Readable, reader: Readable): Readable {
  const destroy = reader.destroy.bind(reader);
  reader.destroy = (error) => {
    stream.destroy(error);
    return destroy(error);
  };
  return reader;
}
