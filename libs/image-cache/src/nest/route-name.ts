import type { ExecutionContext } from '@nestjs/common';

/**
 * The name of a controller's method. Not that of its function: other decorators may have put another function in its
 * place, which has another name or none.
 */
export function methodName(controller: { readonly prototype: unknown }, handler: { readonly name: string }): string {
  const own = controller.prototype as Readonly<Record<string, unknown>>;
  if (own[handler.name] === handler) return handler.name;
  const isHandler = ([, { value }]: [string, PropertyDescriptor]): boolean => value === handler;
  for (let prototype: unknown = own; isObject(prototype); prototype = Object.getPrototypeOf(prototype)) {
    const found = Object.entries(Object.getOwnPropertyDescriptors(prototype)).find(isHandler);
    if (found !== undefined) return found[0];
  }
  return handler.name;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** What a route is called in messages: its controller and its handler. */
export function routeName(context: ExecutionContext): string {
  const controller = context.getClass();
  return `${controller.name}.${methodName(controller, context.getHandler())}`;
}
