import { Injectable } from '@nestjs/common';
import { Prefetcher, type EnqueuedCounts } from 'nestjs-image-cache';
import { manifestImages } from 'nestjs-iiif';

@Injectable()
export class AtlasService {
  constructor(private readonly prefetcher: Prefetcher) {}

  /** Before an exhibition opens: what is in its folder, and what its manifest shows, that first. */
  async warm(folder: string, manifest: unknown): Promise<EnqueuedCounts> {
    await this.prefetcher.enqueueAll(manifestImages(manifest), { priority: 10 });
    return this.prefetcher.enqueueAll(this.prefetcher.imagesIn(folder));
  }

  /** Says whether an image would be served without waiting for a render. */
  async isWarm(identifier: string): Promise<boolean> {
    return (await this.prefetcher.warmth(identifier)).isWarm;
  }
}
