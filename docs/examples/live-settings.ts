import type { ImageCache } from 'nestjs-image-cache';

export function growAndKeepLonger(imageCache: ImageCache): void {
  imageCache.configure({
    hot: '256MB', // the hot level
    targetSize: '1GB', // a variants' store in the heap
    ttl: { info: '60d', variant: '7d' },
    staleness: '1d',
    worker: { interval: '6h' }, // or false
  });
}
