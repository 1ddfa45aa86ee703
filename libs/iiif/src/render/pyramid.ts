import type { PyramidLevel, TileSize } from 'nestjs-image-cache';
import type { TiffDirectories, TiffDirectory } from './tiff-directories.js';

const REDUCED = 1;
const PAGE = 2;
const MASK = 4;

/** The levels that an image holds, full size first, as they are stored: before the orientation has been applied. */
export interface Pyramid {
  readonly levels: readonly PyramidLevel[];
  readonly tileSize?: TileSize;
}

/**
 * Finds the pyramid in a TIFF file: reductions of the first page, in its SubIFDs or in the pages that follow. A page is
 * only taken for a reduction when it keeps the proportions and the number of channels and either says that it is one or
 * is half of the level before, so that the pages of a document are never shown for one another.
 */
export function findPyramid({ pages, subifds }: TiffDirectories): Pyramid | undefined {
  const [full, ...others] = pages;
  if (full === undefined) return undefined;
  const inSubifds = collect(
    full,
    subifds.map((directory, subifd) => ({ directory, location: { subifd } })),
  );
  const inPages = collect(
    full,
    others.map((directory, index) => ({ directory, location: { page: index + 1 } })),
  );
  const reductions = inSubifds.length > 0 ? inSubifds : inPages;
  const { width, height, tileWidth, tileHeight } = full;
  return {
    levels: [{ width, height, location: { page: 0 } }, ...reductions],
    ...(tileWidth !== undefined && tileHeight !== undefined && { tileSize: { width: tileWidth, height: tileHeight } }),
  };
}

interface Candidate {
  readonly directory: TiffDirectory;
  readonly location: PyramidLevel['location'];
}

function collect(full: TiffDirectory, candidates: readonly Candidate[]): PyramidLevel[] {
  const levels: PyramidLevel[] = [];
  let previous: { width: number; height: number } = full;
  for (const { directory, location } of candidates) {
    if (!isReduction(directory, full, previous)) continue;
    previous = directory;
    levels.push({ width: directory.width, height: directory.height, location });
  }
  return levels;
}

function isReduction(
  directory: TiffDirectory,
  full: TiffDirectory,
  previous: { readonly width: number; readonly height: number },
): boolean {
  const { width, height, subfileType } = directory;
  if ((subfileType & (MASK | PAGE)) !== 0 || directory.samplesPerPixel !== full.samplesPerPixel) return false;
  if (width >= previous.width || height >= previous.height) return false;
  const halves = isHalf(width, previous.width) && isHalf(height, previous.height);
  if ((subfileType & REDUCED) === 0 && !halves) return false;
  return halves || keepsProportions(directory, full);
}

/** Half a side, rounded either way. */
function isHalf(side: number, whole: number): boolean {
  return Math.abs(whole - 2 * side) <= 1;
}

/** Whether both sides are reduced alike, give or take the rounding of a pixel at every halving. */
function keepsProportions(directory: TiffDirectory, full: TiffDirectory): boolean {
  const scale = Math.max(directory.width / full.width, directory.height / full.height);
  return full.width * scale - directory.width <= 1.5 && full.height * scale - directory.height <= 1.5;
}
