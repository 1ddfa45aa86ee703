import { groupOf } from '../keys/entry-keys.js';

/** The tag of all that this cache answers with. */
export const CACHE_TAG = 'image-cache';

/** Characters of a tag that tell images apart. */
const LENGTH = 32;

/** The tag of an image: letters, digits and hyphens, whatever its identifier is made of. */
export function cacheTagOf(identifier: string): string {
  return tagOfGroup(groupOf(identifier));
}

/** The tag of the image whose entries have this group. */
export function tagOfGroup(group: string): string {
  return `${CACHE_TAG}-${group.slice(0, LENGTH)}`;
}

/** The headers by which CDNs purge what belongs to an image: `Cache-Tag`, and `Surrogate-Key` of Varnish and Fastly. */
export function formatCacheTags(identifier: string): Readonly<Record<string, string>> {
  const tags = [CACHE_TAG, cacheTagOf(identifier)];
  return { 'Cache-Tag': tags.join(','), 'Surrogate-Key': tags.join(' ') };
}
