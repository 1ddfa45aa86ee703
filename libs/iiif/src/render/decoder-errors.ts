import { errnoOf, IiifError } from '../errors.js';

/**
 * Tells from the decoder's message whose fault a failure was: the file's (4xx, always the same), or the host's (503,
 * worth another try). The decoder has no error codes.
 */
export function decoderError(cause: unknown): IiifError {
  if (cause instanceof IiifError) return cause;
  const message = messageOf(cause);
  const code = errnoOf(cause);
  if (message.startsWith('timeout:')) {
    return new IiifError('E_IIIF_RENDER_TIMEOUT', 'The image took too long to render.', { cause });
  }
  if (message.includes('exceeds pixel limit')) {
    return new IiifError('E_IIIF_SOURCE_TOO_LARGE', 'The source image has too many pixels.', { cause });
  }
  if (message.includes('too large for the')) {
    return new IiifError('E_IIIF_BAD_SIZE', 'The picture is larger than its format allows.', { cause });
  }
  if (code === 'ENOENT' || message.startsWith('Input file is missing')) {
    return new IiifError('E_IIIF_NOT_FOUND', 'The source image is gone.', { cause });
  }
  if (code !== undefined || message.includes('system error:') || /out of memory|unable to allocate/i.test(message)) {
    return new IiifError('E_IIIF_RENDER_FAILED', 'The image cannot be rendered at the moment.', { cause });
  }
  return new IiifError('E_IIIF_SOURCE_UNDECODABLE', 'The source image cannot be decoded.', { cause });
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
