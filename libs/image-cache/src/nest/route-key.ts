import { ImageCacheError } from '../common/errors.js';
import type { Duration } from '../common/units.js';
import { namespacedIdentifier, type VariantIdentity } from '../keys/entry-keys.js';
import type { HttpExchange } from './http-exchange.js';
import { negotiatedFormat } from './negotiated-format.js';
import { methodName, routeName } from './route-name.js';
import { resolveOptions, type RouteCall } from './route-settings.js';

/** Where @nestjs/common keeps the path, the version and the host of a controller or a handler. */
const PATH = 'path';
const VERSION = '__version__';
const HOST = 'host';

/** The image that a request is about. */
export interface RouteImage {
  /** What clients know it by. */
  readonly own: string;
  readonly namespace: string;
  /** What the cache knows it by. */
  readonly identifier: string;
}

/** What the options say of it. */
interface ToldImage {
  readonly identifier: string | undefined;
  readonly namespace: string | undefined;
}

/** What a request asks for. */
export interface RouteVariant {
  readonly identity: VariantIdentity;
  readonly ttl: Duration | undefined;
}

/**
 * The image that a request is about.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when the route does not say, and what a function of its options threw
 */
export async function routeImage(exchange: HttpExchange, call: RouteCall): Promise<RouteImage> {
  const [identifier, namespace] = await resolveOptions(['identifier', 'namespace'], call);
  return imageOf(exchange, call, { identifier, namespace });
}

function imageOf({ request }: HttpExchange, { context }: RouteCall, told: ToldImage): RouteImage {
  const { params = {} } = request;
  const own = told.identifier ?? params['id'] ?? params['identifier'];
  const namespace = told.namespace ?? context.getClass().name;
  if (typeof own !== 'string' || own === '') throw unnamedImage(routeName(context));
  return { own, namespace, identifier: namespacedIdentifier(namespace, own) };
}

/** The error for a route that does not tell which image it is about. */
export function unnamedImage(route: string): ImageCacheError {
  return new ImageCacheError(
    'E_IMAGE_CACHE_OPTIONS',
    `${route}: which image? Name a route parameter ':id' or ':identifier', or set ` +
      'identifier: (context) => … in the options of its decorator.',
  );
}

/**
 * What a request asks for: the route with all its parameters and those of the host by name, and the query arguments that
 * it declares; or the `operations` that it declares instead of parameters and arguments. No other argument, no header and
 * no cookie is part of it, so that nobody can fill the cache with copies.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when an option is wrong, and what a function of the options threw
 */
export async function routeVariant(exchange: HttpExchange, call: RouteCall): Promise<RouteVariant> {
  const names = ['identifier', 'namespace', 'operations', 'version', 'partition', 'ttl'] as const;
  const [told, named, operations, version = '', partition, ttl] = await resolveOptions(names, call);
  const { identifier, namespace } = imageOf(exchange, call, { identifier: told, namespace: named });
  const { params = {}, query = {}, hosts = {} } = exchange.request;
  const path = String(Reflect.getMetadata(PATH, call.context.getHandler()));
  const route = routeParts(exchange, call);
  const format = negotiatedFormat(exchange.header('accept'), call.options);
  const apart = [...(partition === undefined ? [] : [{ partition }]), ...(format === undefined ? [] : [{ format }])];
  if (operations === undefined) {
    const declared = [...(call.options.query ?? [])].sort().map((name) => [name, query[name]]);
    const parts = [route, sorted(params), sorted(hosts), declared, version, ...apart];
    const extension = format ?? extensionIn(path, params);
    return { identity: { identifier, operations: JSON.stringify(parts), extension }, ttl };
  }
  // A list for a route, a text for those that share, and the word before them: never the same as the parts above.
  const of = call.options.shared === true ? namespace : route;
  const parts = ['operations', of, sorted(hosts), operations, version, ...apart];
  // Parameters do not count here, neither in the extension.
  const extension = format ?? (call.options.shared === true ? 'img' : extensionIn(path, {}));
  return { identity: { identifier, operations: JSON.stringify(parts), extension }, ttl };
}

/** What tells a route from all others. */
function routeParts(exchange: HttpExchange, { context }: RouteCall): readonly string[] {
  const [controller, handler] = [context.getClass(), context.getHandler()];
  const name = methodName(controller, handler);
  return [controller.name, name, exchange.routePath, ...tellingApart(controller, handler)];
}

/** What tells routes apart that have the same path. */
function tellingApart(controller: object, handler: object): readonly string[] {
  const version: unknown = Reflect.getMetadata(VERSION, handler) ?? Reflect.getMetadata(VERSION, controller);
  return [version, Reflect.getMetadata(HOST, controller)].map((value) => (value === undefined ? '' : toText(value)));
}

/** The version that fits all requests is a symbol, a host may be a regular expression. */
function toText(value: unknown): string {
  return Array.isArray(value) ? JSON.stringify(value.map(String)) : String(value);
}

function sorted(values: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] {
  return Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** The extension that the path ends with, so that the entry can be opened by it. */
function extensionIn(path: string, params: Readonly<Record<string, unknown>>): string {
  const extension = /\.([A-Za-z0-9]{1,8}|:\w+)$/.exec(path)?.[1] ?? '';
  const value = extension.startsWith(':') ? params[extension.slice(1)] : extension;
  return typeof value === 'string' && value !== '' ? value.toLowerCase() : 'img';
}
