import type { ImageCache, SweepReport } from 'nestjs-image-cache';

export function tryASweep(imageCache: ImageCache, signal: AbortSignal): Promise<SweepReport> {
  return imageCache.sweep({
    dryRun: true, // counts what would go, and changes nothing
    steps: ['expired', 'detritus'], // all by default
    rate: { files: 5000 }, // by default as fast as it goes
    onProgress: ({ step, examined, removed, bytes }) => {
      console.log(step, examined, removed, bytes);
    },
    signal,
  });
}
