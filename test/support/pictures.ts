import { randomBytes } from 'node:crypto';
import sharp, { type Sharp } from 'sharp';

/** Bytes that begin like a JPEG; no two are alike. */
export function jpegOf(size: number): Buffer {
  return Buffer.concat([Buffer.from('ffd8ffe000104a46494600', 'hex'), randomBytes(size - 11)]);
}

/** More than travels as one Buffer. */
export const LARGE = 5 * 1024 * 1024;

/** A plain picture as a sharp pipeline. */
export function plain(width = 40, height = 30, background = '#336699'): Sharp {
  return sharp({ create: { width, height, channels: 3, background } });
}
