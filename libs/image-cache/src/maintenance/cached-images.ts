import type { CachedImage, CacheStore, ImagesOptions } from '../ports/cache-store.js';
import type { ListedEntry } from '../ports/entry.js';

/** Images in windows of a size, in the way that the store has for it, or by its entries. */
export async function* cachedImages(
  store: CacheStore,
  { size, ...options }: ImagesOptions & { readonly size: number },
): AsyncGenerator<readonly CachedImage[]> {
  let window: CachedImage[] = [];
  for await (const batch of store.images?.(options) ?? imagesOf(store.entries(options))) {
    for (const image of batch) {
      window.push(image);
      if (window.length < size) continue;
      yield window;
      window = [];
    }
  }
  if (window.length > 0) yield window;
}

/** Entries come in the order of their images. */
async function* imagesOf(entries: AsyncIterable<ListedEntry>): AsyncGenerator<readonly CachedImage[]> {
  let image: CachedImage | undefined;
  let last: ListedEntry | undefined;
  for await (const entry of entries) {
    const { identifier, source, size } = entry.meta;
    const isSame = last?.key.kind === entry.key.kind && last.key.group === entry.key.group;
    if (image !== undefined && !isSame) yield [image];
    const before = isSame && image !== undefined ? image : { entries: [], bytes: 0 };
    image = { identifier, entries: [...before.entries, { key: entry.key, source }], bytes: before.bytes + size };
    last = entry;
  }
  if (image !== undefined) yield [image];
}
