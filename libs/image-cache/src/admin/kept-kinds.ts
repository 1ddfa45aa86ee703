import type { Kind } from '../ports/entry.js';
import type { ImageCache } from '../service/image-cache.js';

/** The kinds of entries that a cache makes: a store may hold kinds that it does not, of another time or process. */
export function keptKinds({ stores, sources }: ImageCache): readonly Kind[] {
  const isHeld = (kind: Kind): boolean => stores.some(({ kinds }) => kinds.includes(kind));
  return [
    ...(isHeld('info') ? (['info'] as const) : []),
    ...(isHeld('variant') ? (['variant'] as const) : []),
    ...(sources === undefined ? [] : (['source'] as const)),
  ];
}
