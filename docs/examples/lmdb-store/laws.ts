import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test'; // or 'vitest', '@jest/globals'
import { describeCacheStore } from 'nestjs-image-cache/testing';
import { lmdbStore } from './lmdb-store.js';

describeCacheStore(
  'my store',
  {
    create: async (context) => {
      const directory = await mkdtemp(join(tmpdir(), 'laws-'));
      const another = () => lmdbStore({ directory, maxSize: '256MB' })(context);
      return { store: another(), another, dispose: () => rm(directory, { recursive: true }) };
    },
  },
  { describe, it },
);
