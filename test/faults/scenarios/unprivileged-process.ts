import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { RenderedImage } from 'nestjs-image-cache';
import { isImageCacheError } from '../../../libs/image-cache/src/common/errors.js';
import { createImageCache } from '../../../libs/image-cache/src/service/create-image-cache.js';
import { filesystemStore } from '../../../libs/image-cache/src/stores/filesystem/filesystem-store.js';
import { FakeClock } from '../../../libs/image-cache/src/testing/fake-clock.js';
import { until } from '../../support/async.js';
import { seededBytes } from '../../support/random.js';

// Uses a cache in a directory that may be denied to it: whenever it is told to, it asks for pictures, evicts one and
// sweeps, and tells what came of it.
const [directory = ''] = process.argv.slice(2);

const PICTURE = seededBytes(100_000);

const clock = new FakeClock(Date.now());
const cache = await createImageCache({
  clock,
  maxBufferedEntry: '64KB',
  variant: { store: filesystemStore({ directory, maxSize: '100MB' }) },
});
let incidents: string[] = [];
let written = 0;
let unwritten = 0;
cache.on('stored', () => (written += 1));
cache.on('not-stored', () => (unwritten += 1));
cache.on('incident', ({ incident }) => incidents.push(incident.kind));

/** What a request was answered with; waits until its picture has been stored, or has not. */
async function ask(identifier: string): Promise<string> {
  const stores = written + unwritten;
  const render = (): Promise<RenderedImage> => Promise.resolve({ body: PICTURE, contentType: 'image/jpeg' });
  const { body, outcome } = await cache.variants.getOrRender({ identifier, operations: 'max' }, render);
  const bytes = body instanceof Readable ? Buffer.concat((await body.toArray()) as Buffer[]) : body;
  if (outcome.kind === 'miss') await until(() => written + unwritten > stores);
  return `${outcome.kind} ${bytes?.equals(PICTURE) === true ? 'right' : 'wrong'}`;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => (isImageCacheError(error) ? error.code : String(error)),
  );
}

async function round(name: string): Promise<object> {
  incidents = [];
  written = 0;
  unwritten = 0;
  await clock.advance(60_000);
  const [kept, made] = [await ask('kept'), await ask(name)];
  const evicted = await codeOf(cache.evict(name));
  const { steps } = await cache.sweep({ steps: ['detritus', 'scrub'] });
  const failed = steps.some((step) => step.failed > 0 || step.stopped !== undefined);
  const health = await codeOf(cache.ping());
  return { kept, made, unwritten, evicted, swept: !failed, health, incidents: [...new Set(incidents)] };
}

const tell = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

// What was told of before anybody could listen has been counted.
await ask('kept');
tell({ incidents: Object.keys(cache.stats().incidents) });
for await (const name of createInterface({ input: process.stdin })) tell(await round(name));
await cache.close();
