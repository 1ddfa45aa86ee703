import { describe, it } from '@jest/globals';
import { heapStore } from 'nestjs-image-cache';
import { describeCacheStore } from 'nestjs-image-cache/testing';

describeCacheStore('the heap store', { create: (context) => ({ store: heapStore()(context) }) }, { describe, it });
