import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Scope, type CanActivate, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CacheInfo, CacheVariant, type ImageInfo } from 'nestjs-image-cache';
import { handlerInfo } from '../support/handler-info.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

@Injectable({ scope: Scope.REQUEST })
class PerRequest implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

const PATHS = ['/photos/a', '/photos/a/info'];

/** A controller that is made once, or for each request. */
function photos(scope: Scope): Type {
  @Controller({ path: 'photos', scope })
  class Photos {
    @Get(':id')
    @CacheVariant()
    photo(): Buffer {
      return jpegOf(1000);
    }

    @Get(':id/info')
    @CacheInfo()
    info(): ImageInfo {
      return handlerInfo('a');
    }
  }
  return Photos;
}

async function visibility(app: TestApp): Promise<unknown> {
  const answers = await Promise.all(PATHS.map((path) => app.get(path)));
  const told = answers.map(({ headers }) => /public|private/.exec(headers['cache-control'] ?? '')?.[0]);
  expect(new Set(told).size).toBe(1);
  return told[0];
}

describe.each(PLATFORMS)('routes of an application that gets a guard, on %s', (platform) => {
  const start = usingApps(platform);

  it.each([
    ['a controller', Scope.DEFAULT],
    ['a controller that is made for each request', Scope.REQUEST],
  ])('of %s are private from then on, also when they have answered before', async (_what, scope) => {
    const app = await start({ controllers: [photos(scope)] });
    expect(await visibility(app)).toBe('public');
    let asked = 0;
    app.nest.useGlobalGuards({
      canActivate: () => {
        asked += 1;
        return true;
      },
    });
    expect(await visibility(app)).toBe('private');
    // Nest asks it only where the controller is made anew.
    expect(asked).toBe(scope === Scope.REQUEST ? PATHS.length : 0);
  });

  it('that is made for each request are private from the beginning', async () => {
    const app = await start({
      controllers: [photos(Scope.REQUEST)],
      providers: [{ provide: APP_GUARD, useClass: PerRequest }],
    });
    expect([await visibility(app), await visibility(app)]).toEqual(['private', 'private']);
  });
});
