import type { Readable } from 'node:stream';

/** What an entry holds: a serialised image info, a processed image, or a whole original. */
export type Kind = 'info' | 'variant' | 'source';

/**
 * The address of an entry. All parts but `kind` are lower-case and safe as file or object names; they are made by
 * `infoKey`, `sourceKey` and `variantKey` and by nothing else.
 */
export interface EntryKey {
  readonly kind: Kind;
  /** Hash of the identifier of the source image; all that belongs to one image shares it and is evicted with it. */
  readonly group: string;
  /** Hash of what was done to the image; constant for infos. */
  readonly id: string;
  /** File name extension without the dot: `jpg`, `json`. */
  readonly extension: string;
}

/** What a variant is: which image, and what was done to it. */
export interface VariantIdentity {
  readonly identifier: string;
  /** Canonical operations: two requests for the same picture have the same. */
  readonly operations: string;
  /** File name extension by which the entry can be opened in a viewer; letters and digits. @default 'img' */
  readonly extension?: string;
}

/**
 * What tells one state of a source image from the next. Files: size, modification and change time in nanoseconds and
 * inode (modification time and size alone miss a `cp -p`). Two stamps are equal when all their fields are; a size that
 * only one of them has counts for nothing beside a modification time.
 */
export interface SourceStamp {
  readonly etag?: string;
  /** Modification time; nanoseconds since the epoch, as a decimal string. */
  readonly lastModified?: string;
  /** Bytes. */
  readonly size?: number;
  readonly inode?: string;
  /** Time of the last change of the inode; nanoseconds since the epoch, as a decimal string. */
  readonly changed?: string;
}

/** Describes an entry; never changes after the commit. */
export interface EntryMeta {
  /** Identifier of the source image, as the caller gave it. */
  readonly identifier: string;
  /** Canonical operations of a variant. */
  readonly operations?: string;
  readonly contentType: string;
  /** Length of the body in bytes. */
  readonly size: number;
  /** SHA-256 of the body, base64url. */
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** State of the source image that the body was made from. */
  readonly source?: SourceStamp;
  /** Response headers that a hit replays, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Metadata of an entry that is about to be committed: the store computes size, digest. */
export type NewEntryMeta = Omit<EntryMeta, 'size' | 'digest'> & {
  /** Length that the body is known to have; a commit of another length fails and leaves nothing. */
  readonly announcedLength?: number;
  /** When a copy of an entry was asked for last; milliseconds since the epoch. @default when it is made */
  readonly lastAccess?: number;
};

/** A range of bytes, both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A range as asked for: to the end when `end` is missing, the last `suffix` bytes when that is given. */
export type RangeRequest = { readonly start: number; readonly end?: number } | { readonly suffix: number };

/** An entry with its body open. Whoever gets a `Readable` has to consume or destroy it. Buffers are not to be changed. */
export interface StoredEntry {
  readonly meta: EntryMeta;
  /** Milliseconds since the epoch. */
  readonly lastAccess: number;
  readonly hits?: number;
  /** The whole body, or the bytes of `range`. */
  readonly body: Buffer | Readable;
  /** The range that `body` holds, when one was asked for and can be satisfied. */
  readonly range?: ByteRange;
}

/** Answer to a read whose `ifNoneMatch` names the entry's digest. */
export interface NotModified {
  readonly notModified: true;
  readonly meta: EntryMeta;
  /** Milliseconds since the epoch. */
  readonly lastAccess: number;
}

/** An entry as a listing shows it. */
export interface ListedEntry {
  readonly key: EntryKey;
  readonly meta: EntryMeta;
  /** Milliseconds since the epoch. */
  readonly lastAccess: number;
  readonly hits?: number;
  /** Where a later listing can go on: pass it as `after`. */
  readonly cursor: string;
}

/** An access to be recorded. */
export interface Touch {
  readonly key: EntryKey;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Number of hits since the last touch. */
  readonly hits: number;
}

/** What an eviction took away. */
export interface EvictedCounts {
  readonly infos: number;
  readonly variants: number;
  readonly sources: number;
  /** Bytes that the store has given back, with what it stores beside the bodies. */
  readonly bytes: number;
}

/** Result of an eviction, returned when nothing of what was evicted can be read any more. */
export interface Evicted extends EvictedCounts {
  /** There where the counts so far are a lower bound: the final ones, once the space has been given back. */
  readonly completed?: Promise<EvictedCounts>;
}

/** What a store holds. */
export interface Usage {
  readonly entries: number;
  readonly bytes: number;
}

/** Opaque; compared with `===`. */
export type Generation = string;
