import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ImageCacheError } from '../common/errors.js';

/** What is kept with a response and with a connection: who is to be told of its end. */
const TOLD = Symbol('image-cache:told');

interface Ending {
  [TOLD]?: Set<() => void>;
  once(event: 'close', listener: () => void): unknown;
}

/** Aborted when the client goes away before it has been answered; whoever throws its reason is at no fault. */
export function clientSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  whenOver(response, () => {
    if (!response.writableFinished) controller.abort(hasGone());
  });
  return controller.signal;
}

function hasGone(): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_ABORTED', 'The client has gone.');
}

/**
 * Calls back once when a response has been sent or nobody takes it any more; at once where that is so already. A response
 * that waits for its turn on a connection is not told by Node when the connection closes.
 */
export function whenOver(response: ServerResponse, tell: () => void): void {
  // Requests that are injected have no connection; those of HTTP/2 have streams of their own.
  const { socket } = response.req as { readonly socket?: Socket };
  const connection = response.req.httpVersionMajor === 1 ? socket : undefined;
  if (response.destroyed || response.closed || connection?.destroyed === true) {
    tell();
    return;
  }
  const ends = [response, connection].filter((end) => end !== undefined).map(toldOf);
  const over = (): void => {
    for (const told of ends) told.delete(over);
    tell();
  };
  for (const told of ends) told.add(over);
}

/** One listener for all who are told: Node takes more than ten for a leak. */
function toldOf(end: Ending): Set<() => void> {
  const { [TOLD]: known } = end;
  if (known !== undefined) return known;
  const told = (end[TOLD] = new Set<() => void>());
  end.once('close', () => {
    for (const tell of told) tell();
  });
  return told;
}
