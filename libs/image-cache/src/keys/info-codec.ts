import type { SourceStamp } from '../ports/entry.js';
import type { ImageInfo, PyramidLevel, TileSize } from '../ports/image-info.js';

/** Version of the serialised form; an info of another version is read again from the source. */
const VERSION = 1;

/** Content type of a serialised info. */
export const INFO_CONTENT_TYPE = 'application/json';

/** Serialises an info. */
export function encodeInfo(info: ImageInfo): Buffer {
  return Buffer.from(JSON.stringify({ version: VERSION, info }));
}

/** Parses a serialised info; `undefined` when it is not one, or not of this image. */
export function decodeInfo(body: Buffer, identifier: string): ImageInfo | undefined {
  let document: unknown;
  try {
    document = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isRecord(document) || document['version'] !== VERSION) return undefined;
  const { info } = document;
  return isImageInfo(info) && info.identifier === identifier ? info : undefined;
}

type Test = (value: unknown) => boolean;

const isText: Test = (value) => typeof value === 'string';
const isFlag: Test = (value) => typeof value === 'boolean';
const isPositive: Test = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
const isNumber: Test = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const FIELDS: Readonly<Record<keyof ImageInfo, Test>> = {
  identifier: isText,
  width: isPositive,
  height: isPositive,
  format: isText,
  componentDepth: isPositive,
  channels: isPositive,
  hasAlpha: isFlag,
  colourSpace: isText,
  icc: isFlag,
  orientation: isPositive,
  tileSize: (value) => value === undefined || isTileSize(value),
  pyramid: (value) => Array.isArray(value) && value.length > 0 && value.every(isLevel),
  pages: isPositive,
  metadata: (value) =>
    isRecord(value) && Object.values(value).every((field) => isText(field) || Number.isFinite(field)),
  source: (value) => value === undefined || isStamp(value),
};

/** Whether a value has the shape of an info. */
export function isImageInfo(value: unknown): value is ImageInfo {
  return isRecord(value) && Object.entries(FIELDS).every(([field, test]) => test(value[field]));
}

function isTileSize(value: unknown): value is TileSize {
  return isRecord(value) && isPositive(value['width']) && isPositive(value['height']);
}

function isLevel(value: unknown): value is PyramidLevel {
  if (!isTileSize(value) || !('location' in value) || !isRecord(value.location)) return false;
  const { page, subifd } = value.location;
  return isNumber(page) !== isNumber(subifd);
}

function isStamp(value: unknown): value is SourceStamp {
  if (!isRecord(value)) return false;
  const { size, ...texts } = value;
  return (size === undefined || isNumber(size)) && Object.values(texts).every(isText);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
