import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ImageCacheError } from '../common/errors.js';

/** Requests of one connection that may wait for their turn. */
const WAITING = 64;

/** What is kept with a connection: how many requests wait for their turn. */
const WAITERS = Symbol('image-cache:waiters');

/** What is kept with a response: the promise of its end. */
const END = Symbol('image-cache:end');

/** A connection, with the response that Node is sending on it now. */
interface Connection extends Socket {
  readonly _httpMessage?: Ending | null;
  [WAITERS]?: number;
}

interface Ending extends ServerResponse {
  [END]: Promise<void> | undefined;
}

/**
 * Waits until the responses to earlier requests on the same connection have been sent. A client may send requests without
 * waiting for answers (RFC 9112, section 9.3.2); what was opened or made for them before their turn would be held for as
 * long as the client takes to read what comes first, and Node does not tell when it goes.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_ABORTED` when the connection closes, `E_IMAGE_CACHE_TOO_MANY` when more
 * requests wait on it than may
 */
export async function awaitTurn(response: ServerResponse): Promise<void> {
  // Requests that are injected have no connection; those of HTTP/2 have streams of their own.
  const { socket } = response.req as { readonly socket?: Connection };
  if (socket === undefined || response.req.httpVersionMajor !== 1 || sentBefore(response, socket) === undefined) return;
  const { [WAITERS]: waiting = 0 } = socket;
  if (waiting >= WAITING)
    throw new ImageCacheError('E_IMAGE_CACHE_TOO_MANY', 'Too many requests wait on this connection.');
  socket[WAITERS] = waiting + 1;
  try {
    // Others may be in between that nobody waits for here, so each looks by itself.
    for (let first = sentBefore(response, socket); first !== undefined; first = sentBefore(response, socket))
      await endOf(first);
  } finally {
    socket[WAITERS] -= 1;
  }
  // Behind a response that closes the connection, Node ends it, and tells the responses that wait nothing of it.
  if (socket.destroyed || socket.writableEnded)
    throw new ImageCacheError('E_IMAGE_CACHE_ABORTED', 'The client has gone.');
}

/** The response that is being sent while this one has to wait. */
function sentBefore(response: ServerResponse, socket: Connection): Ending | undefined {
  const { _httpMessage: current } = socket;
  const isWaiting = response.socket === null && !socket.destroyed;
  return isWaiting && current && current !== response && !current.closed ? current : undefined;
}

/** One listener for all who wait. */
function endOf(response: Ending): Promise<void> {
  return (response[END] ??= new Promise((resolve) => response.once('close', resolve)));
}
