import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createImageCache } from '../../../libs/image-cache/src/service/create-image-cache.js';
import { filesystemStore } from '../../../libs/image-cache/src/stores/filesystem/filesystem-store.js';
import { ChaosStore } from '../../../libs/image-cache/src/testing/chaos-store.js';
import type { ImageSource, StoreFactory } from '../../../libs/image-cache/src/index.js';
import { imageInfo } from '../../support/image-info.js';

// A server's cache over a directory that others use too. A picture, and the artist in an info, are the content of the
// source's file. Does what it is told, line by line, and answers each call by its number; ends with the last line.
const [directory = '', sources = '', mode = ''] = process.argv.slice(2);

let files: ChaosStore | undefined;

const store: StoreFactory = (context) =>
  (files = new ChaosStore(filesystemStore({ directory })(context), context.clock));

const source: ImageSource = {
  name: 'files',
  lookup: async (identifier) => {
    const { size, mtimeNs, ctimeNs } = await stat(join(sources, identifier), { bigint: true });
    return {
      status: 'found',
      stamp: { size: Number(size), lastModified: `${mtimeNs}`, changed: `${ctimeNs}` },
    };
  },
};

const cache = await createImageCache({
  ...(mode !== 'sourceless' && { source }),
  resolveFirst: mode === 'conservative',
  revalidateAfter: '1h',
  variant: { store, hot: '16MB' },
});

let gate: Promise<void> | undefined;
let open = (): void => undefined;
let onHeld = (): void => undefined;

async function render(identifier: string): Promise<{ body: Buffer; contentType: string }> {
  const body = await readFile(join(sources, identifier));
  onHeld();
  await gate;
  return { body, contentType: 'image/jpeg' };
}

async function answer<T>(asked: Promise<T>): Promise<T & { readonly reads: number }> {
  files?.resetCalls();
  return { ...(await asked), reads: files?.calls('read') ?? 0 };
}

async function picture(identifier: string): Promise<{ body: string; outcome: string }> {
  const { body, outcome } = await cache.variants.getOrRender({ identifier, operations: 'max' }, () =>
    render(identifier),
  );
  return { body: Buffer.isBuffer(body) ? body.toString() : 'a stream', outcome: outcome.kind };
}

async function info(identifier: string): Promise<{ artist: unknown }> {
  const read = async (): Promise<ReturnType<typeof imageInfo>> => {
    const { body } = await render(identifier);
    return imageInfo({ identifier, metadata: { artist: body.toString() } });
  };
  return { artist: (await cache.infos.getOrRead(identifier, read)).metadata['artist'] };
}

const calls: Readonly<Record<string, (identifier: string) => unknown>> = {
  picture: (identifier) => answer(picture(identifier)),
  info: (identifier) => answer(info(identifier)),
  peek: (identifier) => cache.infos.peek(identifier)?.metadata['artist'] ?? 'nothing',
  evict: (identifier) => cache.evict(identifier),
  changed: (identifier) => cache.changed(identifier),
  evictInfos: () => cache.evictInfos(),
  purge: () => cache.purge(),
  /** The next render waits when it has read its source; answers when one does. */
  hold: () => {
    gate = new Promise((resolve) => (open = resolve));
    return new Promise<void>((resolve) => (onHeld = resolve));
  },
  letGo: () => {
    gate = undefined;
    open();
  },
  learn: () => files?.bus?.poll?.(),
  /** Answers when something was dropped from memory because of others. */
  dropped: () =>
    new Promise<void>((resolve) => {
      const stop = cache.on('evicted', ({ reason }) => {
        if (reason !== 'elsewhere') return;
        stop();
        resolve();
      });
    }),
  stats: () => cache.stats(),
  now: () => Number(process.hrtime.bigint()),
};

process.stdout.write('"ready"\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [number, name, identifier] = JSON.parse(line) as [number, string, string];
  const tell = (outcome: object): void => void process.stdout.write(`${JSON.stringify({ number, ...outcome })}\n`);
  Promise.resolve(calls[name]?.(identifier)).then(
    (result) => {
      tell({ result });
    },
    (error: unknown) => {
      tell({ error: String(error) });
    },
  );
}
