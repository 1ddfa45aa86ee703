/** What went wrong, in a form that programs can compare. */
export type IiifErrorCode =
  | 'E_IIIF_BAD_REQUEST'
  | 'E_IIIF_BAD_IDENTIFIER'
  | 'E_IIIF_BAD_REGION'
  | 'E_IIIF_BAD_SIZE'
  | 'E_IIIF_BAD_ROTATION'
  | 'E_IIIF_BAD_QUALITY'
  | 'E_IIIF_BAD_FORMAT'
  | 'E_IIIF_BAD_OPTIONS'
  | 'E_IIIF_NO_UPSCALING'
  | 'E_IIIF_NOT_FOUND'
  | 'E_IIIF_SOURCE_TOO_LARGE'
  | 'E_IIIF_SOURCE_UNSUPPORTED'
  | 'E_IIIF_SOURCE_UNDECODABLE'
  | 'E_IIIF_SOURCE_UNAVAILABLE'
  | 'E_IIIF_RENDER_FAILED'
  | 'E_IIIF_RENDER_TIMEOUT';

const statuses: Readonly<Record<IiifErrorCode, number>> = {
  E_IIIF_BAD_REQUEST: 400,
  E_IIIF_BAD_IDENTIFIER: 400,
  E_IIIF_BAD_REGION: 400,
  E_IIIF_BAD_SIZE: 400,
  E_IIIF_BAD_ROTATION: 400,
  E_IIIF_BAD_QUALITY: 400,
  E_IIIF_BAD_FORMAT: 400,
  E_IIIF_BAD_OPTIONS: 500,
  E_IIIF_NO_UPSCALING: 501,
  E_IIIF_NOT_FOUND: 404,
  E_IIIF_SOURCE_TOO_LARGE: 413,
  E_IIIF_SOURCE_UNSUPPORTED: 415,
  E_IIIF_SOURCE_UNDECODABLE: 422,
  E_IIIF_SOURCE_UNAVAILABLE: 503,
  E_IIIF_RENDER_FAILED: 503,
  E_IIIF_RENDER_TIMEOUT: 503,
};

/**
 * Everything that this package throws on purpose. `reason` can be shown to a client: it is one line and never names a
 * path of the host; what the decoder or the file system said is in `cause`.
 */
export class IiifError extends Error {
  override readonly name = 'IiifError';
  readonly code: IiifErrorCode;
  /** HTTP status that fits (IIIF Image API 3.0, section 7.3). */
  readonly status: number;
  /** One line for the client. */
  readonly reason: string;

  constructor(code: IiifErrorCode, reason: string, options?: { readonly cause?: unknown }) {
    super(reason, options);
    this.code = code;
    this.status = statuses[code];
    this.reason = reason;
  }
}

/** The system's error code, where an error has one. */
export function errnoOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
