import { describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, HostParam, Param, Req, type ExecutionContext } from '@nestjs/common';
import { CacheInfo, CacheVariant, EvictImage, type ImageInfo, type RoutedRequest } from 'nestjs-image-cache';
import { handlerInfo } from '../support/handler-info.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

function requestOf(context: ExecutionContext): RoutedRequest {
  return context.switchToHttp().getRequest<RoutedRequest>();
}

/** A route parameter. */
function paramOf(context: ExecutionContext, name: string): string {
  return String(requestOf(context).params?.[name]);
}

/** A picture that tells what it was made of. */
function told(...parts: unknown[]): Buffer {
  return Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.from(JSON.stringify(parts))]);
}

/** What the pictures tell, in the order in which they were asked for, and whether they were hits. */
async function ask(app: TestApp, paths: readonly string[], headers = {}): Promise<(readonly [string, boolean])[]> {
  const answers = [];
  for (const path of paths) {
    const answer = await app.get(path, headers);
    const isHit = String(answer.headers['cache-status']).includes('hit');
    answers.push([answer.body.subarray(4).toString(), isHit] as const);
  }
  return answers;
}

describe.each(PLATFORMS)('keys that routes declare, on %s', (platform) => {
  const start = usingApps(platform);

  it('have the operations instead of parameters and arguments', async () => {
    let calls = 0;
    @Controller('pictures')
    class Pictures {
      @Get(':id/:width/:title')
      @CacheVariant({ operations: (context) => ({ width: Math.min(Number(paramOf(context, 'width')), 400) }) })
      picture(@Param('width') width: string): Buffer {
        calls += 1;
        return told(Math.min(Number(width), 400));
      }
    }
    const app = await start({ controllers: [Pictures] });
    const paths = ['/a/500/x', '/a/600/x', '/a/400.0/y?width=3', '/a/300/x', '/b/400/x', '/a/nonsense/x'];
    expect(
      await ask(
        app,
        paths.map((path) => `/pictures${path}`),
      ),
    ).toEqual([
      ['[400]', false],
      ['[400]', true],
      ['[400]', true],
      ['[300]', false],
      ['[400]', false],
      ['[null]', false],
    ]);
    expect(calls).toBe(4);
  });

  it('keep routes apart whose operations are the same', async () => {
    const size = (context: ExecutionContext): string => paramOf(context, 'size');
    @Controller('pictures')
    class Pictures {
      @Get(':id/crop/:size')
      @CacheVariant({ namespace: 'photos', operations: size })
      crop(@Param('size') by: string): Buffer {
        return told('crop', by);
      }

      @Get([':id/fit/:size', ':id/fitted/:size'])
      @CacheVariant({ namespace: 'photos', operations: size })
      fit(@Req() { url }: { url: string }): Buffer {
        return told('fit', url);
      }

      @Get(':id/fixed')
      @CacheVariant({ namespace: 'photos', operations: '10' })
      fixed(): Buffer {
        return told('fixed');
      }
    }
    const app = await start({ controllers: [Pictures] });
    const paths = ['crop/10', 'fit/10', 'fitted/10', 'fixed'].map((path) => `/pictures/a/${path}`);
    const expected = [['crop', '10'], ['fit', '/pictures/a/fit/10'], ['fit', '/pictures/a/fitted/10'], ['fixed']];
    expect(await ask(app, paths)).toEqual(expected.map((parts) => [JSON.stringify(parts), false]));
    expect(await ask(app, paths)).toEqual(expected.map((parts) => [JSON.stringify(parts), true]));
  });

  it('let routes share what they declare to be the same on purpose, and nothing else', async () => {
    const operations = (context: ExecutionContext): object & { size: string } => ({ size: paramOf(context, 'size') });
    @Controller('v1')
    class Former {
      @Get(':id/:size.webp')
      @CacheVariant({ namespace: 'photos', operations, shared: true })
      picture(): Buffer {
        return told('v1');
      }

      @Get(':id/:size/own')
      @CacheVariant({ namespace: 'photos', operations })
      own(): Buffer {
        return told('own');
      }
    }
    @Controller('v2/photos')
    class Latter {
      @Get(':identifier/sizes/:size')
      @CacheVariant({ namespace: 'photos', operations, shared: true })
      picture(): Buffer {
        return told('v2');
      }

      @Get(':identifier/sharper/:size')
      @CacheVariant({ namespace: 'photos', operations, shared: true, version: 'sharp' })
      sharper(): Buffer {
        return told('sharper');
      }

      @Get(':identifier/elsewhere/:size')
      @CacheVariant({ namespace: 'others', operations, shared: true })
      elsewhere(): Buffer {
        return told('elsewhere');
      }

      @Get(':a/:identifier/nested/:size')
      @CacheVariant({
        namespace: '',
        identifier: (context) => `${paramOf(context, 'a')}/${paramOf(context, 'identifier')}`,
        operations,
        shared: true,
      })
      nested(): Buffer {
        return told('nested');
      }
    }
    const app = await start({ controllers: [Former, Latter] });
    const paths = [
      '/v1/a/10.webp',
      '/v1/a/10/own',
      ...['sizes', 'sharper', 'elsewhere'].map((name) => `/v2/photos/a/${name}/10`),
    ];
    expect(
      await ask(app, [...paths, '/v2/photos/photos/a/nested/10', '/v2/photos/a/sizes/20', '/v1/a/20.webp']),
    ).toEqual([
      ['["v1"]', false],
      ['["own"]', false],
      ['["v1"]', true],
      ['["sharper"]', false],
      ['["elsewhere"]', false],
      ['["nested"]', false],
      ['["v2"]', false],
      ['["v2"]', true],
    ]);
  });

  it('have the parameters of the host all the same', async () => {
    @Controller({ host: ':tenant.example.org', path: 'pictures' })
    class Pictures {
      @Get(':id')
      @CacheVariant({ namespace: 'photos', operations: 'small', shared: true })
      picture(@HostParam('tenant') tenant: string): Buffer {
        return told(tenant);
      }
    }
    const app = await start({ controllers: [Pictures] });
    const answers = [];
    for (const Host of ['one.example.org', 'two.example.org', 'one.example.org'])
      answers.push(...(await ask(app, ['/pictures/a'], { Host })));
    expect(answers).toEqual([
      ['["one"]', false],
      ['["two"]', false],
      ['["one"]', true],
    ]);
  });

  it('have what functions find out later, and tell each tenant its own', async () => {
    const versions: Record<string, string> = { one: '1', two: '1' };
    const tenantOf = async (context: ExecutionContext): Promise<string> => {
      await new Promise((resolve) => setImmediate(resolve));
      return String(requestOf(context).headers['x-tenant']);
    };
    const image = {
      namespace: tenantOf,
      identifier: async (context: ExecutionContext) => Promise.resolve(paramOf(context, 'name').toLowerCase()),
    };
    @Controller('logos')
    class Logos {
      @Get(':name')
      @CacheVariant({ ...image, operations: [], version: async (context) => versions[await tenantOf(context)] ?? '' })
      logo(@Req() { headers }: RoutedRequest): Buffer {
        return told(headers['x-tenant']);
      }

      @Get(':name/info')
      @CacheInfo(image)
      info(): ImageInfo {
        return handlerInfo('x');
      }

      @Delete(':name')
      @EvictImage(image)
      remove(): object {
        return {};
      }
    }
    const app = await start({ controllers: [Logos] });
    const ofTenants = async (): Promise<unknown[]> =>
      (await Promise.all(['one', 'two'].map((tenant) => ask(app, ['/logos/A'], { 'X-Tenant': tenant })))).flat();
    const pictures = (one: boolean, two: boolean): unknown[] => [
      ['["one"]', one],
      ['["two"]', two],
    ];
    expect(await ofTenants()).toEqual(pictures(false, false));
    expect(await ofTenants()).toEqual(pictures(true, true));
    versions['two'] = '2';
    expect(await ofTenants()).toEqual(pictures(true, false));
    await app.request('DELETE', '/logos/a', { 'X-Tenant': 'one' });
    expect(await ofTenants()).toEqual(pictures(false, true));
    const info = await app.get('/logos/A/info', { 'X-Tenant': 'one' });
    expect(JSON.parse(info.body.toString())).toMatchObject({ identifier: 'a' });
    expect(app.cache.infos.peek('one/a')).toMatchObject({ identifier: 'one/a' });
    expect(app.cache.infos.peek('two/a')).toBeUndefined();
  });

  it('have an identifier that is always the same', async () => {
    @Controller('logo')
    class Logo {
      @Get()
      @CacheVariant({ namespace: 'brand', identifier: 'logo', version: '7' })
      logo(): Buffer {
        return told('logo');
      }
    }
    const app = await start({ controllers: [Logo] });
    expect(await ask(app, ['/logo', '/logo?x=1'])).toEqual([
      ['["logo"]', false],
      ['["logo"]', true],
    ]);
    expect(await app.cache.evict('brand/logo')).toMatchObject({ variants: 1 });
  });
});
