import { Module } from '@nestjs/common';
import { ImageCacheModule } from 'nestjs-image-cache';
import { memoryMapStore } from './memory-map-store.js';

@Module({
  imports: [ImageCacheModule.forRoot({ variant: { store: memoryMapStore({ maxBytes: 50_000_000 }) } })],
})
export class OwnStoreModule {}
