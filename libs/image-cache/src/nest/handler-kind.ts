/** Where @nestjs/common keeps the path of a handler, and that it sends events. */
const PATH = 'path';
const SSE = '__sse__';

/** Whether a handler answers requests over HTTP. */
export function isRoute(handler: object): boolean {
  return Reflect.hasMetadata(PATH, handler);
}

/** Whether a handler answers with events, for as long as its client stays. */
export function isEventStream(handler: object): boolean {
  return Reflect.hasMetadata(SSE, handler);
}
