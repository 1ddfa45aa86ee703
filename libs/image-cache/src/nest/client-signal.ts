import type { ServerResponse } from 'node:http';

/** Aborted when the client goes away before it has been answered. */
export function clientSignal(response: ServerResponse): AbortSignal {
  if (response.destroyed && !response.writableFinished) return AbortSignal.abort();
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
