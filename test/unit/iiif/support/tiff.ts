const ENTRY = 12;
const SUBIFDS = 330;
const LONG = 4;

/** Turns a little-endian TIFF whose levels are pages into one whose levels are SubIFDs of its only page. */
export function toSubifdPyramid(pages: Buffer): Buffer {
  const file = Buffer.from(pages);
  const offsets: number[] = [];
  for (let offset = file.readUInt32LE(4); offset !== 0;) {
    offsets.push(offset);
    const next = offset + 2 + file.readUInt16LE(offset) * ENTRY;
    offset = file.readUInt32LE(next);
    file.writeUInt32LE(0, next);
  }
  const [first = 0, ...levels] = offsets;
  const count = file.readUInt16LE(first);
  const entries = Array.from({ length: count }, (_, index) =>
    file.subarray(first + 2 + index * ENTRY, first + 2 + (index + 1) * ENTRY),
  );
  const list = Buffer.alloc(levels.length * 4);
  levels.forEach((offset, index) => list.writeUInt32LE(offset, index * 4));
  const padding = Buffer.alloc(file.length % 2);
  const listAt = file.length + padding.length;
  const subifds = Buffer.alloc(ENTRY);
  subifds.writeUInt16LE(SUBIFDS, 0);
  subifds.writeUInt16LE(LONG, 2);
  subifds.writeUInt32LE(levels.length, 4);
  subifds.writeUInt32LE(levels.length === 1 ? list.readUInt32LE(0) : listAt, 8);
  const sorted = [...entries, subifds].sort((one, other) => one.readUInt16LE(0) - other.readUInt16LE(0));
  const head = Buffer.alloc(2);
  head.writeUInt16LE(sorted.length);
  file.writeUInt32LE(listAt + list.length, 4);
  return Buffer.concat([file, padding, list, head, ...sorted, Buffer.alloc(4)]);
}

/** One image file directory of a TIFF that has a structure and no pixels. */
export interface SketchedDirectory {
  readonly width: number;
  readonly height: number;
  readonly subfileType?: number;
  readonly samplesPerPixel?: number;
}

/** Writes the structure of a TIFF file: enough to read its directories from, not to decode it. */
export function sketchTiff(directories: readonly SketchedDirectory[], { bigEndian = false } = {}): Buffer {
  const size = 2 + 4 * ENTRY + 4;
  const file = Buffer.alloc(16 + directories.length * size);
  const write16 = (value: number, at: number) =>
    bigEndian ? file.writeUInt16BE(value, at) : file.writeUInt16LE(value, at);
  const write32 = (value: number, at: number) =>
    bigEndian ? file.writeUInt32BE(value, at) : file.writeUInt32LE(value, at);
  file.write(bigEndian ? 'MM' : 'II', 0, 'latin1');
  write16(42, 2);
  write32(16, 4);
  directories.forEach(({ width, height, subfileType = 0, samplesPerPixel = 3 }, index) => {
    const start = 16 + index * size;
    const tags = [
      [254, subfileType],
      [256, width],
      [257, height],
      [277, samplesPerPixel],
    ] as const;
    write16(tags.length, start);
    tags.forEach(([tag, value], position) => {
      const at = start + 2 + position * ENTRY;
      write16(tag, at);
      write16(LONG, at + 2);
      write32(1, at + 4);
      write32(value, at + 8);
    });
    write32(index + 1 < directories.length ? start + size : 0, start + 2 + tags.length * ENTRY);
  });
  return file;
}
