import { HttpException, type ExecutionContext } from '@nestjs/common';
import { isImageCacheError, ImageCacheError, messageOf } from '../common/errors.js';
import { invalidOption } from '../common/options.js';
import { parseDuration, type Duration } from '../common/units.js';
import { canonicalText, kindOf } from '../keys/canonical.js';
import type { ImageCache } from '../service/image-cache.js';
import { routeName } from './route-name.js';
import type { CacheVariantOptions } from './route-options.js';

/** A request on a route that uses a cache. */
export interface RouteCall {
  readonly cache: ImageCache;
  readonly context: ExecutionContext;
  readonly options: CacheVariantOptions;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** Checks a value that was given, or that a function has told, and gives it as it is used. */
type Parser = (value: unknown, path: string) => string;

/** The options that may be functions. */
export const RESOLVABLE = {
  identifier: parseName,
  namespace: parseText,
  version: parseText,
  partition: parseName,
  ttl: parseTtl,
  clientId: parseName,
  clientDirectives: (value, path) => {
    if (typeof value === 'boolean') return String(value);
    throw invalidOption(path, `is neither true nor false, but ${kindOf(value)}.`);
  },
  operations: (value, path) => {
    if (typeof value === 'string' || (typeof value === 'object' && value !== null)) return canonicalText(value, path);
    throw invalidOption(path, `has to be a text, a list or an object, and is ${kindOf(value)}.`);
  },
} as const satisfies Partial<Record<keyof CacheVariantOptions, Parser>>;

/**
 * What options say for a request, in the order of their names; `undefined` where one is not set. Functions are asked all
 * at once. Where there are none, which is usual, nothing is waited for.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when one is not what it has to be, or its function fails or does not
 * answer, and the `HttpException` that a function threw
 */
export async function resolveOptions(names: readonly Resolvables[], call: RouteCall): Promise<readonly Told[]> {
  const isStated = names.every((name) => !isResolver(call.options[name]));
  return isStated ? names.map((name) => stated(name, call)) : Promise.all(names.map((name) => ask(name, call)));
}

type Resolvables = keyof typeof RESOLVABLE;

type Told = string | undefined;

type Resolver = (context: ExecutionContext) => unknown;

function isResolver(option: unknown): option is Resolver {
  return typeof option === 'function';
}

function stated(name: Resolvables, { options, context }: RouteCall): Told {
  const option: unknown = options[name];
  return option === undefined ? undefined : RESOLVABLE[name](option, `${routeName(context)}: ${name}`);
}

async function ask(name: Resolvables, call: RouteCall): Promise<Told> {
  const { cache, context, signal } = call;
  const resolver: unknown = call.options[name];
  if (!isResolver(resolver)) return stated(name, call);
  const path = `${routeName(context)}: ${name}(context)`;
  const expired = (): Error => invalidOption(path, 'did not answer in time.');
  const answer = attempt(resolver, context, path);
  // The time of a function that has answered already needs no clock.
  const told = isThenable(answer) ? await cache.waitFor(Promise.resolve(answer), { signal, expired }) : answer;
  // Without one, an identifier could be chosen that reads like another tenant's.
  if (name === 'namespace' && told === '') throw invalidOption(path, 'must not be empty.');
  // Whoever is nobody in particular is not limited.
  if (name === 'clientId' && told === undefined) return undefined;
  return RESOLVABLE[name](told, path);
}

function attempt(resolver: Resolver, context: ExecutionContext, path: string): unknown {
  const fail = (error: unknown): never => {
    throw toTold(error, path);
  };
  try {
    const told = resolver(context);
    return isThenable(told) ? Promise.resolve(told).catch(fail) : told;
  } catch (error) {
    return fail(error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Errors that say how the request is to be answered stay; of any other the operator is told where it comes from. */
function toTold(error: unknown, path: string): unknown {
  if (error instanceof HttpException || (isImageCacheError(error) && error.status !== 500)) return error;
  return new ImageCacheError('E_IMAGE_CACHE_OPTIONS', `${path}: failed: ${messageOf(error)}`, { cause: error });
}

function parseText(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  throw invalidOption(path, `has to be a text, and is ${kindOf(value)}.`);
}

function parseName(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalidOption(path, `has to be a text that is not empty, and is ${kindOf(value)}.`);
}

function parseTtl(value: unknown, path: string): Duration {
  const ttl = typeof value === 'number' ? value : parseText(value, path);
  parseDuration(ttl, path);
  return String(ttl);
}
