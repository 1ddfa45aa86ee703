import type { ValuesOf } from './key-definition.js';
import { CLIENT_KEYS } from './keys/client-keys.js';
import { ENDPOINT_KEYS } from './keys/endpoint-keys.js';
import { HTTP_KEYS } from './keys/http-keys.js';
import { IMAGE_KEYS } from './keys/image-keys.js';
import { MODE_KEYS } from './keys/mode-keys.js';
import { ORIGINALS_KEYS, SOURCE_KEYS } from './keys/source-keys.js';
import { PREFETCH_KEYS } from './keys/prefetch-keys.js';
import { STORE_KEYS } from './keys/store-keys.js';
import { TIER_KEYS } from './keys/tier-keys.js';

/** All keys, in the order of the documentation. */
export const KNOWN_KEYS = [
  ...HTTP_KEYS,
  ...CLIENT_KEYS,
  ...MODE_KEYS,
  ...TIER_KEYS,
  ...ORIGINALS_KEYS,
  ...PREFETCH_KEYS,
  ...STORE_KEYS,
  ...SOURCE_KEYS,
  ...IMAGE_KEYS,
  ...ENDPOINT_KEYS,
] as const;

/** A key that is known. */
export type KnownKey = (typeof KNOWN_KEYS)[number]['key'];

/** The values of all keys. */
export type Settings = ValuesOf<(typeof KNOWN_KEYS)[number]>;
