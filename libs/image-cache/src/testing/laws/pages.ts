import assert from 'node:assert/strict';
import type { CacheStore, ListOptions } from '../../ports/cache-store.js';
import type { ListedEntry } from '../../ports/entry.js';

/** Lists in pages, each going on where the last one ended. */
export async function listInPages(store: CacheStore, size: number, options: ListOptions = {}): Promise<ListedEntry[]> {
  const listed: ListedEntry[] = [];
  for (;;) {
    const after = listed.at(-1)?.cursor;
    const page: ListedEntry[] = [];
    for await (const entry of store.entries({ ...options, ...(after !== undefined && { after }) })) {
      page.push(entry);
      if (page.length === size) break;
    }
    listed.push(...page);
    if (page.length < size) return listed;
    // Else the next page would be the same, for ever.
    assert.ok(
      page.at(-1)?.cursor !== after,
      'entries() lists again what is at the cursor `after`: it goes on behind it',
    );
  }
}
