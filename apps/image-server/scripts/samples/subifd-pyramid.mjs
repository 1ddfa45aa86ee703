const ENTRY = 12;
const SUBIFDS = 330;
const LONG = 4;

/**
 * Turns a little-endian TIFF whose levels are pages into one whose levels are SubIFDs of its only page, the other way
 * in which pyramids are stored. sharp reads both and writes the first.
 */
export function toSubifdPyramid(pages) {
  const file = Buffer.from(pages);
  const [first, ...levels] = unlinkDirectories(file);
  const padding = Buffer.alloc(file.length % 2);
  const listAt = file.length + padding.length;
  const list = Buffer.alloc(levels.length * 4);
  levels.forEach((offset, index) => list.writeUInt32LE(offset, index * 4));
  const subifds = Buffer.alloc(ENTRY);
  subifds.writeUInt16LE(SUBIFDS, 0);
  subifds.writeUInt16LE(LONG, 2);
  subifds.writeUInt32LE(levels.length, 4);
  subifds.writeUInt32LE(levels.length === 1 ? levels[0] : listAt, 8);
  const entries = [...entriesOf(file, first), subifds].sort(
    (one, other) => one.readUInt16LE(0) - other.readUInt16LE(0),
  );
  const count = Buffer.alloc(2);
  count.writeUInt16LE(entries.length);
  file.writeUInt32LE(listAt + list.length, 4);
  return Buffer.concat([file, padding, list, count, ...entries, Buffer.alloc(4)]);
}

/** The offsets of all directories, which no longer lead from one to the next afterwards. */
function unlinkDirectories(file) {
  const offsets = [];
  for (let offset = file.readUInt32LE(4); offset !== 0;) {
    offsets.push(offset);
    const next = offset + 2 + file.readUInt16LE(offset) * ENTRY;
    offset = file.readUInt32LE(next);
    file.writeUInt32LE(0, next);
  }
  return offsets;
}

function entriesOf(file, offset) {
  return Array.from({ length: file.readUInt16LE(offset) }, (_, index) =>
    file.subarray(offset + 2 + index * ENTRY, offset + 2 + (index + 1) * ENTRY),
  );
}
