import type { Layout } from '../files/layout.js';
import { claimRoot } from '../files/marker.js';
import { AppendedFile } from './appended-file.js';
import type { EvictionFile } from './eviction-log.js';
import { ReplacedFile } from './replaced-file.js';
import type { Trash } from './trash.js';

/** What the file of evictions depends on. */
export interface EvictionFileOptions {
  readonly layout: Layout;
  readonly trash: Trash;
  /** The root is on a local file system. */
  readonly local: boolean;
}

/** The file of a root's evictions, written the way that its file system allows. Both ways understand each other. */
export function evictionFile({ layout, trash, local }: EvictionFileOptions): EvictionFile {
  const path = layout.evictions;
  const claim = (): Promise<void> => claimRoot(layout);
  return local ? new AppendedFile({ path, claim }) : new ReplacedFile({ path, claim, trash });
}
