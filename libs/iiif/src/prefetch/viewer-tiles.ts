import type { ImageInfo } from 'nestjs-image-cache';
import { IiifError } from '../errors.js';
import type { Limits } from '../geometry/limits.js';
import type { Dimensions } from '../geometry/operations.js';
import { preferredFormats } from '../info/image-information.js';
import { preferredSizes, preferredTiles } from '../info/sizes-and-tiles.js';
import type { ApiVersion, Format } from '../request/image-request.js';

/** Tiles of one range of levels; more are asked for by mistake. */
const MOST = 100_000;

/** A tile, as the parameters of a request. */
export interface TileRequest {
  readonly region: string;
  readonly size: string;
  readonly format: Format;
}

/** Which tiles are meant. */
export interface TileRange {
  /** 0 is the smallest level. */
  readonly first: number;
  readonly last: number;
  readonly version: ApiVersion;
}

/**
 * The tiles of some levels, as OpenSeadragon 6 asks for them when it has read our `info.json`: by its `IIIFTileSource`,
 * sizes that are published as those of the levels, and the first of the preferred formats.
 *
 * @throws IiifError `E_IIIF_BAD_REQUEST` when there are more than anybody wants beforehand
 */
export function* viewerTiles(info: ImageInfo, limits: Limits, range: TileRange): Generator<TileRequest> {
  const { scaleFactors, ...tile } = preferredTiles(info, limits);
  const maxLevel = Math.round(Math.log2(Math.max(...scaleFactors)));
  const format = range.version === 3 ? (preferredFormats(info, { id: '', limits })[0] ?? 'jpg') : 'jpg';
  const sizes = levelSizes(info, limits, scaleFactors);
  let count = 0;
  for (let level = range.first; level <= Math.min(range.last, maxLevel); level += 1) {
    const factor = 2 ** (maxLevel - level);
    const size = sizes?.[level] ?? { width: Math.ceil(info.width / factor), height: Math.ceil(info.height / factor) };
    const columns = Math.ceil(size.width / tile.width);
    const rows = Math.ceil(size.height / tile.height);
    count += columns * rows;
    if (count > MOST) throw new IiifError('E_IIIF_BAD_REQUEST', `The levels have more than ${MOST} tiles.`);
    for (let y = 0; y < rows; y += 1)
      for (let x = 0; x < columns; x += 1)
        yield { ...tileOf({ info, tile, factor, size, version: range.version }, x, y), format };
  }
}

interface Level {
  readonly info: Dimensions;
  readonly tile: Dimensions;
  readonly factor: number;
  readonly size: Dimensions;
  readonly version: ApiVersion;
}

function tileOf({ info, tile, factor, size, version }: Level, x: number, y: number): Omit<TileRequest, 'format'> {
  if (size.width < tile.width && size.height < tile.height)
    return { region: 'full', size: version === 3 ? `${size.width},${size.height}` : `${size.width},` };
  const [left, top] = [x * tile.width * factor, y * tile.height * factor];
  const width = Math.min(tile.width * factor, info.width - left);
  const height = Math.min(tile.height * factor, info.height - top);
  const toWidth = Math.min(tile.width, size.width - x * tile.width);
  const toHeight = Math.min(tile.height, size.height - y * tile.height);
  return { region: `${left},${top},${width},${height}`, size: `${toWidth},${toHeight}` };
}

/** The published sizes, where there is one for each level. */
function levelSizes(
  info: ImageInfo,
  limits: Limits,
  scaleFactors: readonly number[],
): readonly Dimensions[] | undefined {
  const sizes = preferredSizes(info, limits);
  const largest = sizes.at(-1);
  if (largest === undefined) return undefined;
  const all = largest.width < info.width && largest.height < info.height ? [...sizes, info] : sizes;
  const fit = all.every(({ width, height }, index) => {
    const factor = scaleFactors[all.length - 1 - index];
    return Math.round(info.width / width) === factor && Math.round(info.height / height) === factor;
  });
  return all.length === scaleFactors.length && fit ? all : undefined;
}
