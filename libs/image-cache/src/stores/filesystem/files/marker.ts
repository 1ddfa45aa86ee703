import { readFileSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageCacheError, systemCode } from '../../../common/errors.js';
import { putEarlierAway } from './earlier-layout.js';
import { DRAFT, type Geometry, type Layout } from './layout.js';

/** Version of the layout on disk. */
const FORMAT = 1;

/** Names that may be in a root before it is a cache. */
const isHarmless = (name: string): boolean => name === 'lost+found' || DRAFT.test(name);

const CACHEDIR_TAG =
  'Signature: 8a477f597d28d172789f06886806bc55\n# This directory is an image cache; see https://bford.info/cachedir/\n';

/**
 * Makes sure that the root is ours before anything is written or deleted in it: it carries our marker, or it is empty
 * and gets one. What an earlier version has left in it is put away.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_STORE_REFUSED` when it is somebody else's, or of another geometry or a later format
 */
export async function claimRoot(layout: Layout): Promise<void> {
  await mkdir(layout.root, { recursive: true });
  const found = await readMarker(layout.marker);
  if (found !== undefined) {
    if (isEarlier(found)) replaceEarlier(layout);
    else compare(found, layout);
    return;
  }
  const foreign = (await readdir(layout.root)).filter((name) => !isHarmless(name));
  if (foreign.length > 0 && (await readMarker(layout.marker)) === undefined) {
    const names = foreign.slice(0, 3).join(', ');
    throw refused(layout, `it holds files that are not the cache's (${names}); name an empty directory`);
  }
  await writeMarker(layout);
  compare(await readMarker(layout.marker), layout);
}

interface Marker {
  readonly format: number;
  /** Another format may have another one. */
  readonly geometry?: Partial<Geometry> | null;
}

type FoundMarker = Marker | 'unreadable' | undefined;

function isEarlier(marker: FoundMarker): boolean {
  return typeof marker === 'object' && marker.format < FORMAT;
}

/** Others may have done it by now. */
function replaceEarlier(layout: Layout): void {
  const found = parseMarker(readFileSync(layout.marker, 'utf8'));
  if (isEarlier(found)) putEarlierAway(layout, contentOf(layout));
  else compare(found, layout);
}

async function readMarker(path: string): Promise<FoundMarker> {
  try {
    return parseMarker(await readFile(path, 'utf8'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseMarker(content: string): FoundMarker {
  try {
    const marker: unknown = JSON.parse(content);
    const readable = typeof marker === 'object' && marker !== null && 'format' in marker;
    return readable && typeof marker.format === 'number' ? (marker as Marker) : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

function contentOf({ geometry }: Layout): string {
  const content: Marker = { format: FORMAT, geometry };
  return `${JSON.stringify(content)}\n`;
}

/** Whole or not at all, and by one of several processes: a link fails where there is a marker already. */
async function writeMarker(layout: Layout): Promise<void> {
  const { root, marker } = layout;
  const draft = layout.draft();
  try {
    await writeFile(draft, contentOf(layout), { flag: 'wx' });
    await link(draft, marker);
    await writeFile(join(root, 'CACHEDIR.TAG'), CACHEDIR_TAG);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function compare(marker: FoundMarker, layout: Layout): void {
  if (marker === undefined || marker === 'unreadable') throw refused(layout, 'its image-cache.json cannot be read');
  if (marker.format !== FORMAT) {
    throw refused(
      layout,
      `it is of format ${marker.format}, this version writes format ${FORMAT}; name another directory`,
    );
  }
  const { depth, nameLength } = marker.geometry ?? {};
  if (depth === undefined || nameLength === undefined) throw refused(layout, 'its image-cache.json cannot be read');
  if (depth !== layout.geometry.depth || nameLength !== layout.geometry.nameLength) {
    throw refused(
      layout,
      `it was made with depth ${depth} and nameLength ${nameLength}; use these, or another directory`,
    );
  }
}

function refused(layout: Layout, reason: string): ImageCacheError {
  return new ImageCacheError(
    'E_IMAGE_CACHE_STORE_REFUSED',
    `filesystemStore.directory: ${layout.root} is refused: ${reason}.`,
  );
}
