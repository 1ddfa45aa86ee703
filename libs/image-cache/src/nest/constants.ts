/** Metadata of routes and classes, set by the decorators. */
export const CACHE_VARIANT = 'image-cache:variant';
export const CACHE_INFO = 'image-cache:info';
export const CACHE_CONTROL = 'image-cache:control';
export const SKIP_IMAGE_CACHE = 'image-cache:skip';
export const EVICT_IMAGE = 'image-cache:evict';

/** Injection token under which every module of a cache keeps the name of it; empty for the one without a name. */
export const CACHE_NAME = Symbol('image-cache:name');
