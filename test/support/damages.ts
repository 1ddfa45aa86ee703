import type { EntryKey } from 'nestjs-image-cache';

/** What has become of a file. */
export interface Damage {
  readonly name: string;
  readonly content: Buffer;
}

/** A place of a file, by what is there. */
type Places = Readonly<Record<string, number>>;

/** Length of the end of a file that has a trailer; bytes. */
const FOOTER = 40;

/** A file that has nothing to do with a cache. */
const FOREIGN = Buffer.alloc(200_000, 'GIF89a');

/** Where the body of an entry lies in its file: from, to, exclusive. */
export function bodyIn(file: Buffer, { kind }: EntryKey): readonly [number, number] {
  if (kind !== 'info') return [0, Number(file.readBigUInt64BE(file.byteLength - FOOTER + 16))];
  const start = Number(/"bodyAt":"(\d+)"/.exec(file.toString('latin1'))?.[1]);
  return [start, file.byteLength - 2];
}

/**
 * All that may become of the file of an entry: every part of it changed in one bit, zeroed, or cut off from there on, and
 * all of it replaced by something else.
 *
 * @param others files of other entries
 */
export function damagesOf(file: Buffer, key: EntryKey, others: Readonly<Record<string, Buffer>>): readonly Damage[] {
  const places = Object.entries(key.kind === 'info' ? placesInInfo(file, key) : placesInFile(file, key));
  const damaged = places.flatMap(([place, at]) => [
    { name: `${place}: one bit is another`, content: changed(file, at, file.readUInt8(at) ^ (1 << (at % 8))) },
    { name: `${place}: the byte is zero`, content: changed(file, at, 0) },
    { name: `${place}: the file ends before it`, content: file.subarray(0, at) },
  ]);
  const replaced = {
    'the file is empty': Buffer.of(),
    'the file has one byte': file.subarray(0, 1),
    'the file has a byte too many': Buffer.concat([file, Buffer.from('\n')]),
    'the file is there twice': Buffer.concat([file, file]),
    'the file is a hole': Buffer.alloc(file.byteLength),
    'the file is foreign': FOREIGN,
    'the file is of an older version': withVersion(file, key, 0),
    'the file is of a newer version': withVersion(file, key, 2),
    ...others,
  };
  const all = [...damaged, ...Object.entries(replaced).map(([name, content]) => ({ name, content }))];
  return all.filter(({ content }) => !content.equals(file));
}

function placesInFile(file: Buffer, key: EntryKey): Places {
  const { byteLength: length } = file;
  const [, bodyEnd] = bodyIn(file, key);
  const footer = length - FOOTER;
  const metadata = footer - file.readUInt32BE(footer + 24);
  return {
    ...ends('body', 0, bodyEnd),
    ...(metadata > bodyEnd && ends('checksums of blocks', bodyEnd, metadata)),
    ...ends('metadata', metadata, footer),
    'digest in the metadata': file.indexOf('"digest":"', metadata) + 15,
    ...ends('checksum', footer, footer + 16),
    ...ends('length of the body', footer + 16, footer + 24),
    ...ends('length of the metadata', footer + 24, footer + 28),
    ...ends('version', footer + 28, footer + 32),
    ...ends('magic', footer + 32, length),
  };
}

function placesInInfo(file: Buffer, key: EntryKey): Places {
  const text = file.toString('latin1');
  const [start, end] = bodyIn(file, key);
  const digest = text.indexOf('"digest":"') + 10;
  const bodyAt = text.indexOf('"bodyAt":"') + 10;
  return {
    'first byte': 0,
    version: text.indexOf('1'),
    ...ends('digest', digest, digest + 43),
    ...ends('position of the body', bodyAt, bodyAt + 8),
    key: text.indexOf('"key":"') + 10,
    ...ends('metadata', text.indexOf('"meta":') + 7, start - 8),
    ...ends('body', start, end),
    ...ends('end', end, file.byteLength),
  };
}

function ends(part: string, start: number, end: number): Places {
  return {
    [`first byte of the ${part}`]: start,
    [`middle of the ${part}`]: Math.floor((start + end) / 2),
    [`last byte of the ${part}`]: end - 1,
  };
}

function changed(file: Buffer, at: number, byte: number): Buffer {
  const content = Buffer.from(file);
  content.writeUInt8(byte, at);
  return content;
}

function withVersion(file: Buffer, { kind }: EntryKey, version: number): Buffer {
  if (kind === 'info') return changed(file, file.indexOf('1'), String(version).charCodeAt(0));
  const content = Buffer.from(file);
  content.writeUInt32BE(version, file.byteLength - FOOTER + 28);
  return content;
}
