import { Inject, Injectable, RequestMethod, type OnApplicationBootstrap } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core';
import { ImageCacheError } from '../common/errors.js';
import { CACHE_NAME, CACHE_INFO, CACHE_VARIANT, EVICT_IMAGE, SKIP_IMAGE_CACHE } from './constants.js';
import { isEventStream, isRoute } from './handler-kind.js';
import { refuseMisplacedDecorators } from './misplaced-decorators.js';
import { unnamedImage } from './route-key.js';
import { checkRouteOptions } from './route-option-checks.js';
import type { RouteImageOptions } from './route-options.js';

/** Where @nestjs/common keeps what it knows of controllers and handlers. */
const PATH = 'path';
const METHOD = 'method';
const MODULE_PATH = '__module_path__';
const PARAMETERS = '__routeArguments__';
const PASSTHROUGH = '__responsePassthrough__';

/** Parameters are kept as `type:index`; 1 is the response, 2 is `next`. */
const TAKING_RESPONSE = /^[12]:/;

const READING: readonly RequestMethod[] = [RequestMethod.GET, RequestMethod.HEAD, RequestMethod.ALL];

/** A parameter that names the image, in the syntaxes of Express and Fastify. */
const IDENTIFYING = /:(id|identifier)(?!\w)/;

/** A handler with one of our decorators. */
interface DecoratedRoute {
  readonly controller: NewableFunction;
  readonly handler: NewableFunction;
  /** Of the handler, in its controller. */
  readonly method: string;
  /** What the router puts before the paths of the controller's module. */
  readonly modulePath: string;
  /** Under what the decorator has left its options. */
  readonly key: string;
  readonly options: RouteImageOptions;
}

/** Looks all routes over when the application starts, so that none turns out to be ambiguous when it is asked for. */
@Injectable()
export class RouteExplorer implements OnApplicationBootstrap {
  readonly #discovery: DiscoveryService;
  readonly #scanner: MetadataScanner;
  readonly #reflector: Reflector;
  readonly #application: ApplicationConfig;
  readonly #modules: ModulesContainer;

  constructor(
    @Inject(DiscoveryService) discovery: DiscoveryService,
    @Inject(MetadataScanner) scanner: MetadataScanner,
    @Inject(Reflector) reflector: Reflector,
    @Inject(ApplicationConfig) application: ApplicationConfig,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    this.#discovery = discovery;
    this.#scanner = scanner;
    this.#reflector = reflector;
    this.#application = application;
    this.#modules = modules;
  }

  /**
   * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when an option of a route is wrong, or the route does not tell which
   * image it is about, or whose
   */
  onApplicationBootstrap(): void {
    refuseMisplacedDecorators(this.#classes(), this.#scanner);
    const owners = new Map<string, NewableFunction>();
    const names = this.#cacheNames();
    for (const route of this.#routes()) {
      checkRouteOptions(route.options, route.key, nameOf(route));
      requireCache(route, names);
      this.#requireReading(route);
      this.#requireResult(route);
      this.#requireIdentifier(route);
      requireOwnNamespace(route, owners);
    }
  }

  #classes(): readonly unknown[] {
    return [...this.#discovery.getControllers(), ...this.#discovery.getProviders()].map(({ metatype }) => metatype);
  }

  /** The names of all caches of the application. */
  #cacheNames(): readonly string[] {
    const modules = this.#discovery.getProviders().filter(({ token }) => token === CACHE_NAME);
    const names = modules.map(({ instance }) => String(instance));
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice === undefined) return names;
    const which = twice === '' ? 'without a name' : `named '${twice}'`;
    throw refused('ImageCacheModule', `there are two caches ${which}. Give each its own: forRoot({ name: '…' })`);
  }

  /** A decorator on the handler itself means that very handler; one on the class leaves out what does not read. */
  #requireReading(route: DecoratedRoute): void {
    const { handler } = route;
    const method: unknown = Reflect.getMetadata(METHOD, handler);
    const decorated = [CACHE_VARIANT, CACHE_INFO].some((key) => Reflect.hasMetadata(key, handler));
    if (!decorated || READING.includes(method as RequestMethod)) return;
    throw refused(nameOf(route), 'only GET handlers can be cached; take the decorator away');
  }

  /** Who sends the response alone returns nothing that could be cached. */
  #requireResult(route: DecoratedRoute): void {
    const { controller, method, key } = route;
    const parameters = (Reflect.getMetadata(PARAMETERS, controller, method) ?? {}) as Record<string, unknown>;
    const taken = Object.keys(parameters).some((parameter) => TAKING_RESPONSE.test(parameter));
    const isCached = key !== EVICT_IMAGE;
    if (!isCached || !taken || Reflect.getMetadata(PASSTHROUGH, controller, method) === true) return;
    throw refused(
      nameOf(route),
      'a handler with @Res() or @Next() sends its response itself; write @Res({ passthrough: true }) and return the picture',
    );
  }

  *#routes(): Generator<DecoratedRoute> {
    for (const { metatype, host } of this.#discovery.getControllers()) {
      if (typeof metatype !== 'function') continue;
      const modulePath = this.#modulePath(host?.metatype);
      const prototype = metatype.prototype as Readonly<Record<string, NewableFunction>>;
      for (const method of this.#scanner.getAllMethodNames(prototype)) {
        const handler = prototype[method];
        if (handler === undefined || !isRoute(handler) || isEventStream(handler)) continue;
        const route = { controller: metatype, handler, method, modulePath };
        for (const found of this.#optionsOf(handler, metatype)) yield { ...route, ...found };
      }
    }
  }

  /** As RouterModule has left it, for this application or for all. */
  #modulePath(module: object | undefined): string {
    if (module === undefined) return '';
    const ofThis: unknown = Reflect.getMetadata(MODULE_PATH + this.#modules.applicationId, module);
    return String(ofThis ?? Reflect.getMetadata(MODULE_PATH, module) ?? '');
  }

  #optionsOf(handler: NewableFunction, controller: NewableFunction): Pick<DecoratedRoute, 'options' | 'key'>[] {
    const targets = [handler, controller] as Parameters<Reflector['getAllAndOverride']>[1];
    const find = (key: string): RouteImageOptions | undefined => this.#reflector.getAllAndOverride(key, targets);
    const keys = find(SKIP_IMAGE_CACHE) === undefined ? [CACHE_VARIANT, CACHE_INFO, EVICT_IMAGE] : [EVICT_IMAGE];
    return keys.flatMap((key) => {
      const options = find(key);
      return options === undefined ? [] : [{ options, key }];
    });
  }

  #requireIdentifier(route: DecoratedRoute): void {
    const { controller, handler, modulePath, options } = route;
    const prefix = `${this.#application.getGlobalPrefix()}/${modulePath}`;
    const paths = [controller, handler].map((target) => [Reflect.getMetadata(PATH, target) as unknown].flat());
    const [ofController = [], ofHandler = []] = paths;
    const all = ofController.flatMap((start) => ofHandler.map((end) => `${prefix}/${String(start)}/${String(end)}`));
    if (options.identifier !== undefined || all.every((path) => IDENTIFYING.test(path))) return;
    throw unnamedImage(nameOf(route));
  }
}

/** Classes of one name would take each other's images for their own. */
function requireOwnNamespace({ controller, options }: DecoratedRoute, owners: Map<string, NewableFunction>): void {
  if (options.namespace !== undefined) return;
  const owner = owners.get(controller.name);
  owners.set(controller.name, controller);
  if (owner === undefined || owner === controller) return;
  throw refused(
    controller.name,
    "two controllers have this name. Set namespace: '…' in the options of their decorators: the same one where they " +
      'mean the same images, different ones where they do not',
  );
}

function requireCache(route: DecoratedRoute, names: readonly string[]): void {
  const { options } = route;
  if (names.includes(options.cache ?? '')) return;
  const known = names.map((name) => (name === '' ? 'one without a name' : `'${name}'`)).join(', ');
  const wanted = options.cache === undefined ? 'no cache without a name' : `no cache named '${options.cache}'`;
  throw refused(nameOf(route), `there is ${wanted}; there is ${known}. Set cache: '…' in its decorator`);
}

function nameOf({ controller, method }: DecoratedRoute): string {
  return `${controller.name}.${method}`;
}

function refused(where: string, problem: string): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_OPTIONS', `${where}: ${problem}.`);
}
