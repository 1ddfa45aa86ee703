import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Head, Module, Param } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { CacheVariant } from 'nestjs-image-cache';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

/** A picture that tells what it was made of. */
function told(...parts: unknown[]): Buffer {
  return Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.from(JSON.stringify(parts))]);
}

async function ask(app: TestApp, path: string): Promise<readonly [string, boolean]> {
  const { headers, body } = await app.get(path);
  return [body.subarray(4).toString(), String(headers['cache-status']).includes('hit')];
}

/** Puts another function in the place of a handler, as decorators for tracing and transactions do. */
const wrapped: MethodDecorator = (_target, _name, descriptor: PropertyDescriptor) => {
  const handler = descriptor.value as (...parameters: unknown[]) => unknown;
  descriptor.value = function wrapper(...parameters: unknown[]): unknown {
    return handler.apply(this, parameters);
  };
};

describe.each(PLATFORMS)('routes of modules on %s', (platform) => {
  const start = usingApps(platform);

  @Controller('pages')
  class Pages {
    @Get(':page')
    @CacheVariant()
    page(@Param() params: Record<string, string>): Buffer {
      return told(params['id'], params['page']);
    }
  }

  it('may have the image in the path of their module', async () => {
    @Module({ controllers: [Pages] })
    class Books {}
    @Module({})
    class Library {}
    const routes = RouterModule.register([
      { path: 'library', module: Library, children: [{ path: 'books/:id', module: Books }] },
    ]);
    const app = await start({ imports: [Library, Books, routes] });
    expect(await ask(app, '/library/books/a/pages/1')).toEqual(['["a","1"]', false]);
    expect(await ask(app, '/library/books/b/pages/1')).toEqual(['["b","1"]', false]);
    expect(await ask(app, '/library/books/a/pages/1')).toEqual(['["a","1"]', true]);
    expect(await app.cache.evict('Pages/a')).toMatchObject({ variants: 1 });
  });

  it('do not start when neither module nor controller has it', async () => {
    @Module({ controllers: [Pages] })
    class Books {}
    const routes = RouterModule.register([{ path: 'books/:book', module: Books }]);
    await expect(start({ imports: [Books, routes] })).rejects.toThrow(/^Pages\.page: which image\?/);
  });

  it('share no entry when one controller is in two modules', async () => {
    @Module({ controllers: [Pages] })
    class Books {}
    @Module({ controllers: [Pages] })
    class Magazines {}
    const routes = RouterModule.register([
      { path: 'books/:id', module: Books },
      { path: 'magazines/:id', module: Magazines },
    ]);
    const app = await start({ imports: [Books, Magazines, routes] });
    const paths = ['/books/a/pages/1', '/magazines/a/pages/1'];
    for (const isHit of [false, true])
      for (const path of paths) expect(await ask(app, path)).toEqual(['["a","1"]', isHit]);
  });
});

describe.each(PLATFORMS)('routes of one path on %s', (platform) => {
  const start = usingApps(platform);

  it('share no entry, whatever function other decorators have put in the place of their handlers', async () => {
    @Controller('pictures')
    class Pictures {
      @Head(':id')
      @CacheVariant()
      @wrapped
      measured(): Buffer {
        return told('a picture for those who only want to know how large it is');
      }

      @Get(':id')
      @CacheVariant()
      @wrapped
      picture(): Buffer {
        return told('picture');
      }
    }
    const app = await start({ controllers: [Pictures] });
    const measured = await app.request('HEAD', '/pictures/a');
    expect(measured.headers['cache-status']).toMatch(/fwd=miss/);
    expect(await ask(app, '/pictures/a')).toEqual(['["picture"]', false]);
    expect((await app.request('HEAD', '/pictures/a')).headers['content-length']).toBe(
      measured.headers['content-length'],
    );
  });
});
