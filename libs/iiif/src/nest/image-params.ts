import type { ImageRequestSegments } from '../request/image-request.js';

/** The parameters of the route of a picture, percent-decoded once by the router. */
export interface ImageParams extends ImageRequestSegments {
  readonly identifier: string;
}
