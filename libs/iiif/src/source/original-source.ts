import type { Readable } from 'node:stream';
import type { ImageSource, SourceStamp } from 'nestjs-image-cache';

/** A source image to be passed on as it is: what is read is what the stamp describes, whatever happens to its name. */
export interface OriginalBody {
  readonly stamp: SourceStamp;
  /** Bytes. */
  readonly size: number;
  readonly lastModified: Date;
  /**
   * The bytes of the original, or those from `start` to `end`, both included. The stream closes the original when it
   * ends or is destroyed.
   */
  stream(range?: { readonly start: number; readonly end: number }): Readable;
  /** Gives the file back; harmless when done already. */
  close(): Promise<void>;
}

/** A source image that is open. */
export interface Original extends OriginalBody {
  /** A path that the renderer can read, until {@link close}. */
  readonly file: string;
}

/** What a listing shows. */
export interface OriginalListOptions {
  /** Only what is in this folder, and in the folders in it; a path as in identifiers. @default all */
  readonly folder?: string;
  /** Only identifiers after this one, in the order of the listing. */
  readonly after?: string;
  /** Most identifiers to be listed. @default no limit */
  readonly limit?: number;
  readonly signal?: AbortSignal;
  /** Told of each folder that is left out since it may not be read, by its path as in identifiers. */
  readonly onOmitted?: (folder: string, error: unknown) => void;
}

/** Where the original images come from: a source that can also be read and listed. */
export interface OriginalSource extends ImageSource {
  /** Whether the source knows what there is; where it does not, `list` has nothing. @default true */
  readonly isListable?: boolean;
  /**
   * Opens an original. Whoever gets it has to close it.
   *
   * @throws IiifError `E_IIIF_NOT_FOUND` (404), `E_IIIF_BAD_IDENTIFIER` (400), `E_IIIF_SOURCE_UNAVAILABLE` (503)
   */
  open(identifier: string, options?: { readonly signal?: AbortSignal }): Promise<Original>;
  /**
   * Opens an original that is to be passed on and not decoded, of which not everything has to be there yet.
   *
   * @default as `open`
   * @throws as `open`
   */
  read?(identifier: string, options?: { readonly signal?: AbortSignal }): Promise<OriginalBody>;
  /**
   * Lists the identifiers of what looks like an image, in a stable order. Folders in it that may not be read are left
   * out.
   *
   * @throws IiifError `E_IIIF_NOT_FOUND` when there is no such folder, `E_IIIF_BAD_IDENTIFIER` when it cannot be one,
   * `E_IIIF_SOURCE_UNAVAILABLE` when it, or else a folder in it, cannot be read
   */
  list(options?: OriginalListOptions): AsyncIterable<string>;
  /**
   * Answers when the source can be used.
   *
   * @throws IiifError `E_IIIF_SOURCE_UNAVAILABLE` when it cannot
   */
  ping(): Promise<void>;
}
