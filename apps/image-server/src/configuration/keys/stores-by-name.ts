/** The stores that come with the server; every other implementation is the module of a store. */
export const STORES = ['FilesystemCache', 'HeapCache'] as const;

/** What else may be named, in the words of a description. */
export const OWN_STORE = 'or a module of your own: a package, or a path';
