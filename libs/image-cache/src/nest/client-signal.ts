import type { ServerResponse } from 'node:http';
import { ImageCacheError } from '../common/errors.js';

/** Aborted when the client goes away before it has been answered; whoever throws its reason is at no fault. */
export function clientSignal(response: ServerResponse): AbortSignal {
  if (response.destroyed && !response.writableFinished) return AbortSignal.abort(hasGone());
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(hasGone());
  });
  return controller.signal;
}

function hasGone(): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_ABORTED', 'The client has gone.');
}
