import { closeSync, existsSync, openSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import type { ImageCache, RenderedImage } from 'nestjs-image-cache';
import { isImageCacheError } from '../../../libs/image-cache/src/common/errors.js';
import { createImageCache } from '../../../libs/image-cache/src/service/create-image-cache.js';
import { filesystemStore } from '../../../libs/image-cache/src/stores/filesystem/filesystem-store.js';
import { heapStore } from '../../../libs/image-cache/src/stores/heap/heap-store.js';
import { FakeClock } from '../../../libs/image-cache/src/testing/fake-clock.js';
import { until } from '../../support/async.js';
import { seededBytes } from '../../support/random.js';

// Serves pictures, runs out of descriptors, and has them again; tells how the requests ended.
const [directory = ''] = process.argv.slice(2);

const DESCRIPTORS = '/proc/self/fd';

const held: number[] = [];

let next: NodeJS.Immediate | undefined;

/** How many are held while the file of a picture is open. */
let heldMeanwhile = 0;

/** Opens files until no more can be opened, and from then on whenever one is closed. */
function exhaust(): void {
  clearImmediate(next);
  next = setImmediate(exhaust);
  try {
    for (;;) held.push(openSync('/dev/null', 'r'));
  } catch {
    // none is left
  }
}

function giveBack(): void {
  clearImmediate(next);
  for (const descriptor of held.splice(0)) closeSync(descriptor);
}

/** Travels as a Buffer. */
const SMALL = seededBytes(10_000);

/** Is streamed. */
const LARGE = seededBytes(700_000);

async function* inParts(between: () => Promise<void>): AsyncGenerator<Buffer> {
  yield LARGE.subarray(0, 300_000);
  await between();
  yield LARGE.subarray(300_000);
}

const streamed = (between: () => Promise<void>): Readable => Readable.from(inParts(between), { objectMode: false });

/** Files that this process has open, also those that have no name any more. */
function openFiles(): readonly string[] {
  return readdirSync(DESCRIPTORS)
    .map((name) => join(DESCRIPTORS, name))
    .filter(existsSync);
}

const hasBytes = (file: string): boolean => basename(readlinkSync(file)).startsWith('body') && statSync(file).size > 0;

/** Lets the last descriptor go when the first part has been written. */
async function exhaustMeanwhile(): Promise<void> {
  if (held.length > 0) return;
  await until(() => openFiles().some(hasBytes));
  exhaust();
  heldMeanwhile = held.length;
}

/** What is rendered, by the operations. */
const PICTURES: Readonly<Record<string, () => Buffer | Readable>> = {
  small: () => SMALL,
  large: () => LARGE,
  stream: () => streamed(() => Promise.resolve()),
  exhausting: () => streamed(exhaustMeanwhile),
};

const clock = new FakeClock(Date.now());
const store = filesystemStore({ directory, maxSize: '100MB' });
const cache = await createImageCache({ clock, maxBufferedEntry: '64KB', variant: { store } });
const incidents: string[] = [];
let stored = 0;
cache.on('stored', () => (stored += 1));
cache.on('incident', ({ incident }) => incidents.push(incident.kind));

/** How a request ends: whether the picture is the right one and where it is from, or with an error. */
async function ask(identifier: string, operations: string, from: ImageCache = cache): Promise<string> {
  const render = (): Promise<RenderedImage> =>
    Promise.resolve({ body: PICTURES[operations]?.() ?? SMALL, contentType: 'image/jpeg' });
  try {
    const { body, outcome } = await from.variants.getOrRender({ identifier, operations }, render);
    const bytes = body instanceof Readable ? Buffer.concat((await body.toArray()) as Buffer[]) : body;
    return `${outcome.kind} ${bytes?.equals(operations === 'small' ? SMALL : LARGE) === true ? 'right' : 'wrong'}`;
  } catch (error) {
    return isImageCacheError(error) ? `${error.status} ${error.code}` : String(error);
  }
}

async function askForAll(identifier: string): Promise<Record<string, string>> {
  const told: Record<string, string> = {};
  for (const operations of ['small', 'large', 'stream']) told[operations] = await ask(identifier, operations);
  return told;
}

async function isHealthy(): Promise<boolean> {
  return cache.ping().then(
    () => true,
    () => false,
  );
}

const descriptors = (): number => readdirSync(DESCRIPTORS).length;

function tell(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

await askForAll('kept');
await until(() => stored === 3);
const opened = descriptors();
const exhausting = await ask('first', 'exhausting');
await until(() => held.length > heldMeanwhile);
const without = { kept: await askForAll('kept'), made: await askForAll('new'), healthy: await isHealthy() };
tell({ exhausting, ...without });
giveBack();
await clock.advance(60_000);
// Of calls that were given up, one shows whether they work again.
await ask('new', 'small');
await until(() => stored === 4);
for (const operations of ['large', 'stream']) await ask('new', operations);
await until(() => stored === 6);
tell({ kept: await askForAll('kept'), made: await askForAll('new'), healthy: await isHealthy(), incidents });
await until(() => descriptors() <= opened);
const inMemory = await createImageCache({ maxBufferedEntry: '64KB', variant: { store: heapStore() } });
tell({ exhausting: await ask('first', 'exhausting', inMemory) });
giveBack();
await inMemory.close();
await cache.close();
