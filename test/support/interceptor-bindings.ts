import {
  applyDecorators,
  Injectable,
  type CanActivate,
  type INestApplication,
  type INestMicroservice,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { CacheControl, CacheInfo, CacheVariant, EvictImage } from 'nestjs-image-cache';
import { CacheControlInterceptor } from '../../libs/image-cache/src/nest/interceptors/cache-control.interceptor.js';
import { CacheInfoInterceptor } from '../../libs/image-cache/src/nest/interceptors/cache-info.interceptor.js';
import { CacheVariantInterceptor } from '../../libs/image-cache/src/nest/interceptors/cache-variant.interceptor.js';
import { EvictImageInterceptor } from '../../libs/image-cache/src/nest/interceptors/evict-image.interceptor.js';
import type { AppOptions } from './test-app.js';

const INTERCEPTORS: readonly Type[] = [
  CacheControlInterceptor,
  CacheInfoInterceptor,
  CacheVariantInterceptor,
  EvictImageInterceptor,
];

/** A way in which all interceptors get in front of handlers. */
export interface Binding {
  readonly how: string;
  /** For the class of the handlers. */
  readonly decorate: ClassDecorator;
  /** For the application. */
  readonly providers: AppOptions['providers'];
  readonly configure?: (app: INestApplication | INestMicroservice) => void;
}

/** Lets everybody in; guards of whatever kind change what routes tell their clients. */
@Injectable()
class OpenDoor implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

const GUARD = { provide: APP_GUARD, useClass: OpenDoor };

const nothing: ClassDecorator = () => undefined;

/** All ways there are, with a global guard each, and none at all to compare them with. */
export const BINDINGS: readonly Binding[] = [
  { how: 'nowhere', decorate: nothing, providers: [GUARD] },
  {
    how: 'by APP_INTERCEPTOR',
    decorate: nothing,
    providers: [GUARD, ...INTERCEPTORS.map((useClass) => ({ provide: APP_INTERCEPTOR, useClass }))],
  },
  {
    how: 'by useGlobalInterceptors()',
    decorate: nothing,
    providers: [GUARD, ...INTERCEPTORS],
    configure: (app) => void app.useGlobalInterceptors(...INTERCEPTORS.map((token) => app.get<never>(token))),
  },
  {
    how: 'by decorators on the class',
    decorate: applyDecorators(CacheControl({ maxAge: '1d' }), CacheInfo(), CacheVariant(), EvictImage()),
    providers: [GUARD],
  },
];
