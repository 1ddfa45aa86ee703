import { invalidOption, refuseUnknownKeys } from '../../common/options.js';

/** How the dashboard looks at a cache, and shows its images. */
export interface DashboardOptions {
  /** Shown above the page. @default `Image cache` */
  readonly title?: string;
  /**
   * Path of a small picture of an image on this server, with `{id}` for its identifier:
   * `/iiif/3/{id}/full/160,/0/default.jpg`. @default none is shown
   */
  readonly thumbnail?: string;
  /**
   * Path of a variant on this server, with `{id}` and `{operations}`, the latter up to its first semicolon:
   * `/iiif/3/{id}/{operations}`. @default none is shown
   */
  readonly variant?: string;
  /** Path of a page about an image on this server, with `{id}`: `/#/{id}`. @default none is linked */
  readonly page?: string;
  /**
   * Directory by which the processes of this host that serve one cache tell one another what they do, and in which the
   * past outlives a restart: not the directory of a store. @default none: a process speaks for itself
   */
  readonly historyDirectory?: string;
}

const KEYS = ['title', 'thumbnail', 'variant', 'page', 'historyDirectory'] as const;

/**
 * Checks the options.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when one is unknown, or a path leads to another server
 */
export function checkDashboardOptions(options: DashboardOptions, path: string): DashboardOptions {
  refuseUnknownKeys(options, KEYS, path);
  for (const key of ['thumbnail', 'variant', 'page'] as const) {
    const template = options[key];
    // The page takes nothing from other servers, and tells them nothing.
    if (template !== undefined && (!/^\/(?![/\\])/.test(template) || !template.includes('{id}')))
      throw invalidOption(
        `${path}.${key}`,
        'is to be a path on this server that begins with one / and has {id} in it.',
      );
  }
  return options;
}
