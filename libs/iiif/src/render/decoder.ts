import sharp, { type Sharp, type SharpOptions } from 'sharp';
import type { ImageInput } from './byte-input.js';

/**
 * Opens an image for reading.
 *
 * libvips remembers what it has opened by file name and does not look whether the file is still the same: a TIFF that
 * was overwritten would be read with the structure of the old one. The memory is one for the whole process, so it is
 * switched off before every use rather than once, as other users of sharp may switch it on again.
 */
export function openDecoder(input: ImageInput, options: SharpOptions): Sharp {
  sharp.cache(false);
  return sharp(Buffer.isBuffer(input) ? input : input.file, options);
}
