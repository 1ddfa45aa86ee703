import type { ImageInfo } from 'nestjs-image-cache';
import type { Metadata } from 'sharp';
import { IiifError } from '../errors.js';
import { mapDimensions, uprighting } from '../geometry/dihedral.js';
import type { Limits } from '../geometry/limits.js';
import { withReader, type ImageInput } from './byte-input.js';
import { openDecoder } from './decoder.js';
import { decoderError } from './decoder-errors.js';
import { findPyramid, type Pyramid } from './pyramid.js';
import { detectFormat, SIGNATURE_LENGTH, type SourceFormat } from './signature.js';
import { readTiffDirectories } from './tiff-directories.js';

/** What {@link readImageInfo} needs besides the image. */
export interface ReadInfoOptions {
  readonly identifier: string;
  readonly limits: Limits;
}

const DEPTHS: Readonly<Record<string, number>> = {
  uchar: 8,
  char: 8,
  ushort: 16,
  short: 16,
  uint: 32,
  int: 32,
  float: 32,
};

/**
 * Reads the characteristics of an image from its head, without decoding pixels. The format is told by the content.
 *
 * @throws IiifError `E_IIIF_SOURCE_UNSUPPORTED` (415) when it is not one of the accepted formats,
 * `E_IIIF_SOURCE_UNDECODABLE` (422) when it is damaged, `E_IIIF_SOURCE_TOO_LARGE` (413) above `limits.maxPixels` or
 * `limits.maxBytes`
 */
export async function readImageInfo(input: ImageInput, options: ReadInfoOptions): Promise<ImageInfo> {
  try {
    const { maxPixels, maxBytes = Infinity } = options.limits;
    const structure = await withReader(input, async (read, size) => {
      if (size > maxBytes) throw tooLarge('bytes');
      const format = detectFormat(await read(0, SIGNATURE_LENGTH));
      if (format === undefined) throw unsupported();
      return { format, pyramid: format === 'tiff' ? findPyramid(await readTiffDirectories(read)) : undefined };
    });
    const metadata = await openDecoder(input, { limitInputPixels: maxPixels }).metadata();
    // Decoders differ in when they apply the limit, and some only do so once pixels are read.
    if (metadata.width * metadata.height > maxPixels) throw tooLarge('pixels');
    return describe(metadata, structure, options.identifier);
  } catch (error) {
    throw decoderError(error);
  }
}

function describe(
  metadata: Metadata,
  structure: { readonly format: SourceFormat; readonly pyramid: Pyramid | undefined },
  identifier: string,
): ImageInfo {
  const { width, height, orientation = 1 } = metadata;
  if (metadata.format !== structure.format) throw unsupported();
  const upright = mapDimensions(uprighting(orientation), { width, height });
  const whole = { width, height, location: { page: 0 } };
  const [first] = structure.pyramid?.levels ?? [];
  const matches = first?.width === width && first.height === height;
  const pyramid = matches ? structure.pyramid : undefined;
  return {
    identifier,
    ...upright,
    format: metadata.format === 'heif' ? heifFormat(metadata) : metadata.format,
    componentDepth: metadata.bitsPerSample ?? DEPTHS[metadata.depth] ?? 8,
    channels: metadata.channels,
    hasAlpha: metadata.hasAlpha,
    colourSpace: metadata.space,
    icc: metadata.hasProfile,
    orientation,
    ...(pyramid?.tileSize !== undefined && { tileSize: pyramid.tileSize }),
    pyramid: pyramid?.levels ?? [whole],
    pages: metadata.pages ?? 1,
    metadata: metadata.density === undefined ? {} : { density: metadata.density },
  };
}

function heifFormat(metadata: Metadata): string {
  if (metadata.compression !== 'av1') throw unsupported();
  return 'avif';
}

function unsupported(): IiifError {
  return new IiifError('E_IIIF_SOURCE_UNSUPPORTED', 'The source is not a JPEG, PNG, WebP, TIFF, GIF or AVIF image.');
}

function tooLarge(what: 'pixels' | 'bytes'): IiifError {
  return new IiifError('E_IIIF_SOURCE_TOO_LARGE', `The source image has too many ${what}.`);
}
