import type { open } from 'lmdb';

/** The database library, which is loaded where an index is wanted. */
export interface Lmdb {
  readonly open: typeof open;
}
