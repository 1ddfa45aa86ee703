import { closeSync, openSync } from 'node:fs';
import { HttpSource } from 'nestjs-iiif';
import { OriginServer } from '../../support/origin-server.js';
import { noise } from '../../support/samples.js';

// Opens originals without a descriptor left, and with some again; tells how that went.
const origin = await OriginServer.start();
origin.put('a.jpg', { body: await noise(60, 40).jpeg().toBuffer() });
const source = new HttpSource({ urlPrefix: origin.url, allow: ['127.0.0.1'] });

async function outcome(): Promise<string> {
  try {
    await (await source.open('a.jpg')).close();
    return 'opened';
  } catch (error) {
    const { status, cause } = error as { readonly status?: number; readonly cause?: { readonly code?: string } };
    return `${status} ${cause?.code}`;
  }
}

// Its connection is kept.
const before = await outcome();
const held: number[] = [];
try {
  for (;;) held.push(openSync('/dev/null', 'r'));
} catch {
  // none is left
}
const without = [await outcome(), await outcome()];
for (const descriptor of held) closeSync(descriptor);
process.stdout.write(`${JSON.stringify({ before, without, after: await outcome() })}\n`);
await origin.stop();
await source.close();
