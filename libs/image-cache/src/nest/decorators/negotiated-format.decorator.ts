import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { NegotiableFormat } from '../../http/accept.js';
import { CACHE_VARIANT } from '../constants.js';
import type { RoutedRequest } from '../http-exchange.js';
import { negotiatedFormat } from '../negotiated-format.js';
import type { CacheVariantOptions } from '../route-options.js';

/** Gives a handler the format that was agreed on by the option `format` of its `@CacheVariant()`; JPEG without one. */
export const NegotiatedFormat = createParamDecorator((_: unknown, context: ExecutionContext): NegotiableFormat => {
  const { accept } = context.switchToHttp().getRequest<RoutedRequest>().headers;
  return negotiatedFormat(Array.isArray(accept) ? accept.join() : accept, optionsOf(context)) ?? 'jpeg';
});

function optionsOf(context: ExecutionContext): CacheVariantOptions {
  const targets = [context.getHandler(), context.getClass()];
  const [options] = targets.flatMap((target) => {
    const found: unknown = Reflect.getMetadata(CACHE_VARIANT, target);
    return found === undefined ? [] : [found as CacheVariantOptions];
  });
  return options ?? {};
}
