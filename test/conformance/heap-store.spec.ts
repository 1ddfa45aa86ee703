import { describe, it } from '@jest/globals';
import { heapStore } from 'nestjs-image-cache';
import { ChaosStore, describeCacheStore } from 'nestjs-image-cache/testing';

describeCacheStore('the heap store', { create: (context) => ({ store: heapStore()(context) }) }, { describe, it });

describeCacheStore(
  'the heap store with chaos that is not made',
  { create: (context) => ({ store: new ChaosStore(heapStore()(context), context.clock) }) },
  { describe, it },
);
