import { integer, number, seconds, size } from '../key-definition.js';

/** What may be made of the originals. */
export const IMAGE_KEYS = [
  integer('processor.max_pixels', {
    fallback: 400_000_000,
    min: 1,
    description: 'Most pixels of a source image and of a picture.',
  }),
  size('processor.max_bytes', { otherwise: 'any', description: 'Largest file of a source image.' }),
  integer('processor.max_width', { otherwise: 'any', min: 1, description: 'Widest and highest picture; pixels.' }),
  integer('processor.max_area', {
    otherwise: 'any',
    min: 1,
    description: 'Most pixels of a picture, told in info.json.',
  }),
  number('processor.max_scale', { fallback: 1, min: 1, max: 100, description: 'Most that a region is enlarged.' }),
  integer('processor.concurrency', {
    otherwise: 'the number of cores',
    min: 1,
    max: 1020,
    description: 'Pictures that are rendered at a time.',
  }),
  integer('processor.queue', { fallback: 256, max: 1_000_000, description: 'Renders that may wait.' }),
  integer('processor.per_client', { otherwise: 'any', min: 1, description: 'Renders of a client; 429 beyond.' }),
  seconds('processor.timeout', { fallback: 30, min: 1, max: 3600, description: 'Time that a picture may take.' }),
] as const;
