import type { ReadAt } from './byte-input.js';

/** The fields of a TIFF image file directory that tell a pyramid from a document (TIFF 6.0, section 8). */
export interface TiffDirectory {
  readonly width: number;
  readonly height: number;
  /** Pixels; absent when the image is stored in strips. */
  readonly tileWidth?: number;
  readonly tileHeight?: number;
  /** Bits of `NewSubfileType`: 1 reduced resolution, 2 page, 4 mask. */
  readonly subfileType: number;
  readonly samplesPerPixel: number;
}

/** The directories of a TIFF file: its pages in order, and the SubIFDs of the first page in order. */
export interface TiffDirectories {
  readonly pages: readonly TiffDirectory[];
  readonly subifds: readonly TiffDirectory[];
}

interface Layout {
  readonly little: boolean;
  readonly big: boolean;
}

const TAG = { subfileType: 254, width: 256, height: 257, samples: 277, tileWidth: 322, tileHeight: 323, subifds: 330 };
const TYPE_SIZES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 };
/** More levels than any real pyramid has; keeps long documents and hostile files from costing reads. */
const MAX_DIRECTORIES = 32;
const MAX_ENTRIES = 1024;

/**
 * Reads the structure of a TIFF or BigTIFF file. The decoder does not tell tile sizes, and opens the file once for
 * every page. Reading ends quietly at the first thing that is not as it should be: the decoder is the judge of the file.
 */
export async function readTiffDirectories(read: ReadAt): Promise<TiffDirectories> {
  const header = await read(0, 16);
  if (header.length < 16) return { pages: [], subifds: [] };
  const little = header[0] === 0x49;
  const layout: Layout = { little, big: unsigned(header, 2, 2, little) === 43 };
  const first = layout.big ? unsigned(header, 8, 8, little) : unsigned(header, 4, 4, little);
  const pages: TiffDirectory[] = [];
  const subifds: TiffDirectory[] = [];
  const seen = new Set<number>();
  for (let offset = first; offset > 0 && pages.length < MAX_DIRECTORIES && !seen.has(offset);) {
    seen.add(offset);
    const directory = await readDirectory(read, offset, layout);
    if (directory === undefined) break;
    pages.push(directory.fields);
    if (pages.length === 1) {
      for (const child of directory.subifds) {
        const fields = (await readDirectory(read, child, layout))?.fields;
        if (fields === undefined) break;
        subifds.push(fields);
      }
    }
    offset = directory.next;
  }
  return { pages, subifds };
}

async function readDirectory(read: ReadAt, offset: number, layout: Layout) {
  const { little, big } = layout;
  const countSize = big ? 8 : 2;
  const entrySize = big ? 20 : 12;
  const start = await read(offset, countSize);
  if (start.length < countSize) return undefined;
  const count = unsigned(start, 0, countSize, little);
  if (count > MAX_ENTRIES) return undefined;
  const body = await read(offset + countSize, count * entrySize + (big ? 8 : 4));
  if (body.length < count * entrySize) return undefined;
  const tags = new Map<number, number[]>();
  for (let index = 0; index < count; index++) {
    const entry = body.subarray(index * entrySize, (index + 1) * entrySize);
    const tag = unsigned(entry, 0, 2, little);
    if (Object.values(TAG).includes(tag)) tags.set(tag, await readValues(read, entry, layout));
  }
  const rest = body.subarray(count * entrySize);
  const next = rest.length < (big ? 8 : 4) ? 0 : unsigned(rest, 0, big ? 8 : 4, little);
  const fields = fieldsOf(tags);
  return fields && { fields, subifds: tags.get(TAG.subifds) ?? [], next };
}

async function readValues(read: ReadAt, entry: Buffer, { little, big }: Layout): Promise<number[]> {
  const size = TYPE_SIZES[unsigned(entry, 2, 2, little)];
  if (size === undefined) return [];
  const count = Math.min(unsigned(entry, 4, big ? 8 : 4, little), MAX_DIRECTORIES);
  const inline = entry.subarray(big ? 12 : 8);
  const bytes =
    count * size <= inline.length ? inline : await read(unsigned(inline, 0, inline.length, little), count * size);
  const values: number[] = [];
  for (let index = 0; index < count && (index + 1) * size <= bytes.length; index++) {
    values.push(unsigned(bytes, index * size, size, little));
  }
  return values;
}

function fieldsOf(tags: ReadonlyMap<number, readonly number[]>): TiffDirectory | undefined {
  const value = (tag: number): number | undefined => tags.get(tag)?.[0];
  const width = value(TAG.width);
  const height = value(TAG.height);
  if (width === undefined || height === undefined || width === 0 || height === 0) return undefined;
  const tileWidth = value(TAG.tileWidth);
  const tileHeight = value(TAG.tileHeight);
  return {
    width,
    height,
    ...(tileWidth !== undefined && tileHeight !== undefined && { tileWidth, tileHeight }),
    subfileType: value(TAG.subfileType) ?? 0,
    samplesPerPixel: value(TAG.samples) ?? 1,
  };
}

function unsigned(bytes: Buffer, offset: number, size: number, little: boolean): number {
  if (size === 8) {
    const value = little ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset);
    // An offset that no file can have ends the reading, as a read beyond the end does.
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
  }
  return little ? bytes.readUIntLE(offset, size) : bytes.readUIntBE(offset, size);
}
