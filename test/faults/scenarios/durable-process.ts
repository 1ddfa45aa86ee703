import { Readable } from 'node:stream';
import { infoKey } from '../../../libs/image-cache/src/keys/entry-keys.js';
import { openFiles } from '../../support/filesystem-store.js';
import { put, variantOf } from '../../support/stores.js';

// Publishes entries that are to be safe against a power cut, each in directories of its own, to be found in a trace.
const [directory = ''] = process.argv.slice(2);
const { store } = await openFiles(directory, { durable: true });
await put(store, variantOf('a'), 'body');
await put(store, variantOf('b'), Readable.from([Buffer.from('bo'), Buffer.from('dy')]));
await put(store, infoKey('c'), '{}');
await put(store, { ...variantOf('d'), kind: 'source' }, 'body');
await store.close?.();
