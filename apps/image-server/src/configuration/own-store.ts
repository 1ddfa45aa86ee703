import type { StoreFactory } from 'nestjs-image-cache';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { oneLine } from '../one-line.js';
import { ConfigurationError } from './configuration-error.js';

/** A store as settings name it. */
export interface OwnStore {
  /** The key that names it. */
  readonly key: string;
  readonly implementation: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Whether an implementation is written as a path, and not as the name of a package. */
export function isPath(implementation: string): boolean {
  return /^\.\.?[/\\]/.test(implementation) || isAbsolute(implementation);
}

/**
 * Loads the module of a store and has it make the factory. A path starts at the working directory; a package is one that
 * the server finds.
 *
 * @throws ConfigurationError when there is no such module, when it fails, or when it exports something else
 */
export async function loadOwnStore({ key, implementation, options }: OwnStore): Promise<StoreFactory> {
  const name = JSON.stringify(implementation);
  const createStore = createStoreOf(await load(key, implementation));
  if (createStore === undefined) {
    throw new ConfigurationError(
      `${key}: ${name} exports no function createStore; write in it: export const createStore = (options) => ` +
        '(context) => new MyStore(options, context).',
    );
  }
  const factory = await called(createStore, { key, implementation, options });
  if (typeof factory === 'function') return factory as StoreFactory;
  throw new ConfigurationError(
    `${key}: createStore of ${name} returned no function; it has to return (context) => new MyStore(options, context).`,
  );
}

async function load(key: string, implementation: string): Promise<unknown> {
  const path = isPath(implementation) ? resolve(implementation) : undefined;
  try {
    return await import(path === undefined ? implementation : pathToFileURL(path).href);
  } catch (cause) {
    const name = JSON.stringify(implementation);
    if (!isMissing(cause, path ?? implementation)) {
      throw new ConfigurationError(`${key}: ${name} cannot be loaded: ${oneLine(cause)}`, { cause });
    }
    const what =
      path === undefined
        ? `there is no package ${name}; install it, or write a path such as ./${implementation}`
        : `there is no module ${path}; write the path of one`;
    throw new ConfigurationError(`${key}: ${what}, FilesystemCache or HeapCache.`, { cause });
  }
}

/** A module that is there may miss one itself; that is another story. */
function isMissing(error: unknown, sought: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return (
    ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(code ?? '') &&
    ['module', 'package'].some((what) => message.startsWith(`Cannot find ${what} '${sought}'`))
  );
}

/** A CommonJS module may give its exports as the default only. */
function createStoreOf(module: unknown): CreateStore | undefined {
  const { createStore, default: fallback } = module as { createStore?: unknown; default?: { createStore?: unknown } };
  const found = createStore ?? fallback?.createStore;
  return typeof found === 'function' ? (found as CreateStore) : undefined;
}

async function called(createStore: CreateStore, { key, implementation, options }: OwnStore): Promise<unknown> {
  try {
    return await createStore(options);
  } catch (cause) {
    throw new ConfigurationError(`${key}: createStore of ${JSON.stringify(implementation)} failed: ${oneLine(cause)}`, {
      cause,
    });
  }
}

type CreateStore = (options: OwnStore['options']) => unknown;
