import { Controller, HttpException, RequestMapping, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ApiExcludeController } from '@nestjs/swagger';

/** With OPTIONS: nothing is to be asked by pages of other sites. */
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const;

const NOT_ALLOWED = 405;

/** A method that a path does not have. */
export class RefusedMethod extends HttpException {
  /** Those that it has, as the header `Allow` names them (RFC 9110, section 10.2.1). */
  readonly allowed: string;

  constructor(allowed: string) {
    super(`The method is not allowed here; there is ${allowed}.`, NOT_ALLOWED);
    this.allowed = allowed;
  }
}

/** Makes a controller that refuses the methods that the paths of controllers do not have. */
export function otherMethodsOf(controllers: readonly Type[]): Type {
  @ApiExcludeController()
  @Controller()
  class OtherMethods {}

  for (const [path, methods] of routesOf(controllers)) {
    const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
    for (const method of METHODS.filter((each) => !methods.includes(each))) {
      const name = `${method} ${path}`;
      const handler = { value: () => refuseMethod(allowed) };
      Object.defineProperty(OtherMethods.prototype, name, handler);
      RequestMapping({ path, method: RequestMethod[method] })(OtherMethods.prototype, name, handler);
    }
  }
  return OtherMethods;
}

function refuseMethod(allowed: string): never {
  throw new RefusedMethod(allowed);
}

/** The methods of each path. */
function routesOf(controllers: readonly Type[]): ReadonlyMap<string, readonly string[]> {
  const routes = new Map<string, string[]>();
  for (const controller of controllers) {
    const base = String(Reflect.getMetadata(PATH_METADATA, controller));
    for (const handler of handlersOf(controller)) {
      const path = joinPaths(base, String(Reflect.getMetadata(PATH_METADATA, handler)));
      const method = RequestMethod[Number(Reflect.getMetadata(METHOD_METADATA, handler))] ?? '';
      routes.set(path, [...(routes.get(path) ?? []), method]);
    }
  }
  return routes;
}

function handlersOf(controller: Type): readonly object[] {
  const handlers: object[] = [];
  for (let own: unknown = controller.prototype; isPrototype(own); own = Object.getPrototypeOf(own)) {
    const values = Object.values(Object.getOwnPropertyDescriptors(own)).map(({ value }): unknown => value);
    handlers.push(
      ...values.filter(
        (value): value is object => typeof value === 'function' && Reflect.hasMetadata(METHOD_METADATA, value),
      ),
    );
  }
  return handlers;
}

function isPrototype(own: unknown): own is object {
  return typeof own === 'object' && own !== null && own !== Object.prototype;
}

/** Joins parts of a path, without slashes around them. */
export function joinPaths(...parts: readonly string[]): string {
  return parts.flatMap((part) => part.split('/').filter((segment) => segment !== '')).join('/');
}
