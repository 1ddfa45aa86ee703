import { describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, HostParam, Param, Query, VersioningType } from '@nestjs/common';
import { CacheVariant, EvictImage, filesystemStore } from 'nestjs-image-cache';
import { makeDirectory } from '../support/directories.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

/** A picture that tells what it was made of. */
function told(...parts: unknown[]): Buffer {
  return Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.from(JSON.stringify(parts))]);
}

/** Asks for all paths twice; every first answer is a miss, every second one a hit with the same bytes. */
async function shareNothing(app: TestApp, paths: readonly string[]): Promise<void> {
  const first = await ask(app, paths);
  for (const { path, status, told: answer } of first) expect([path, status, answer]).toEqual([path, 200, MISS]);
  const second = await ask(app, paths);
  for (const [index, { path, told: answer, body }] of second.entries()) {
    expect([path, answer]).toEqual([path, HIT]);
    expect([path, body]).toEqual([path, first[index]?.body]);
  }
  expect(new Set(first.map(({ body }) => body))).toHaveProperty('size', paths.length);
}

const MISS = 'image-cache; fwd=miss; stored';
const HIT = 'image-cache; hit; ttl=2592000';

async function ask(
  app: TestApp,
  paths: readonly string[],
): Promise<{ path: string; status: number; told: unknown; body: string }[]> {
  const answers = [];
  for (const path of paths) {
    const { status, headers, body } = await app.get(path);
    answers.push({ path, status, told: headers['cache-status'], body: body.subarray(4).toString() });
  }
  return answers;
}

describe.each(PLATFORMS)('keys of routes on %s', (platform) => {
  const start = usingApps(platform);

  it('have the values of all parameters, however tricky, and never share an entry', async () => {
    @Controller('pictures')
    class Pictures {
      @Get(':id/:size')
      @CacheVariant()
      picture(@Param() params: Record<string, string>): Buffer {
        return told({ ...params });
      }
    }
    const app = await start({ controllers: [Pictures] });
    const values = [
      'a',
      'A',
      'a%2Fb',
      'a%252Fb',
      'a%5Cb',
      'a%20b',
      'a+b',
      '%C3%A4',
      'a%CC%88',
      '%F0%9F%90%98',
      '..%2F..%2Fetc%2Fpasswd',
      '%2e%2e%2fa',
      '...',
      'a%00b',
      'a%0Ab',
      'a%22%2C%22b',
      'a%22%5D',
      'null',
      'undefined',
      '__proto__',
      'constructor',
      'a:b',
      'a%26size=b',
      'x'.repeat(3000),
      `${'x'.repeat(2999)}y`,
    ];
    await shareNothing(app, [
      ...values.map((value) => `/pictures/${value}/b`),
      ...values.map((value) => `/pictures/b/${value}`),
    ]);
  });

  it('have the names of the parameters: two routes with the same values are two', async () => {
    @Controller('pictures')
    class Pictures {
      @Get('width/:id/:width')
      @CacheVariant()
      byWidth(@Param() params: Record<string, string>): Buffer {
        return told('width', { ...params });
      }

      @Get('height/:id/:height')
      @CacheVariant()
      byHeight(@Param() params: Record<string, string>): Buffer {
        return told('height', { ...params });
      }

      @Get('square/:id/:width')
      @CacheVariant()
      square(@Param() params: Record<string, string>): Buffer {
        return told('square', { ...params });
      }

      @Get(':id/crop/:width')
      @CacheVariant()
      crop(@Param() params: Record<string, string>): Buffer {
        return told('crop', { ...params });
      }
    }
    const app = await start({ controllers: [Pictures] });
    await shareNothing(app, [
      '/pictures/width/a/100',
      '/pictures/height/a/100',
      '/pictures/square/a/100',
      '/pictures/a/crop/100',
    ]);
  });

  it('have the controller: two with the same routes and parameters are two', async () => {
    @Controller('cats')
    class Cats {
      @Get(':id')
      @CacheVariant()
      picture(@Param('id') id: string): Buffer {
        return told('cat', id);
      }
    }
    @Controller('dogs')
    class Dogs {
      @Get(':id')
      @CacheVariant()
      picture(@Param('id') id: string): Buffer {
        return told('dog', id);
      }
    }
    const app = await start({ controllers: [Cats, Dogs] });
    await shareNothing(app, ['/cats/a', '/dogs/a']);
    await app.cache.evict('Cats/a');
    const after = await ask(app, ['/cats/a', '/dogs/a']);
    expect(after.map((answer) => answer.told)).toEqual([MISS, HIT]);
  });

  it('have the version of the route: two controllers of one name are two', async () => {
    const versions = ['1', '2'].map((version) => {
      @Controller({ path: 'pictures', version })
      class Pictures {
        @Get(':id')
        @CacheVariant({ namespace: 'pictures' })
        picture(@Param('id') id: string): Buffer {
          return told(version, id);
        }
      }
      return Pictures;
    });
    const app = await start({
      controllers: versions,
      configure: (nest) => nest.enableVersioning({ type: VersioningType.URI }),
    });
    await shareNothing(app, ['/v1/pictures/a', '/v2/pictures/a']);
  });

  it('have the version of the route also where no part of the path tells it', async () => {
    const versions = ['1', '2'].map((version) => {
      @Controller({ path: 'pictures', version })
      class Pictures {
        @Get(':id')
        @CacheVariant({ namespace: 'pictures' })
        picture(@Param('id') id: string): Buffer {
          return told(version, id);
        }
      }
      return Pictures;
    });
    const app = await start({
      controllers: versions,
      configure: (nest) => nest.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' }),
    });
    const bodies = [];
    for (const version of ['1', '2', '1', '2'])
      bodies.push((await app.get('/pictures/a', { 'X-Version': version })).body.subarray(4).toString());
    expect(bodies).toEqual(['["1","a"]', '["2","a"]', '["1","a"]', '["2","a"]']);
  });

  it('have the parameters of the host', async () => {
    @Controller({ host: ':tenant.example.org', path: 'pictures' })
    class Pictures {
      @Get(':id')
      @CacheVariant()
      picture(@HostParam('tenant') tenant: string, @Param('id') id: string): Buffer {
        return told(tenant, id);
      }
    }
    const app = await start({ controllers: [Pictures] });
    const bodies = [];
    for (const host of ['one.example.org', 'two.example.org', 'one.example.org'])
      bodies.push((await app.get('/pictures/a', { Host: host })).body.subarray(4).toString());
    expect(bodies).toEqual(['["one","a"]', '["two","a"]', '["one","a"]']);
  });

  it('have the class that inherits a handler', async () => {
    abstract class Base {
      @Get(':id')
      @CacheVariant()
      picture(@Param('id') id: string): Buffer {
        return told(this.constructor.name, id);
      }
    }
    @Controller('cats')
    class Cats extends Base {}
    @Controller('dogs')
    class Dogs extends Base {}
    const app = await start({ controllers: [Cats, Dogs] });
    await shareNothing(app, ['/cats/a', '/dogs/a']);
  });

  it('have the query arguments that are declared, and none of the others', async () => {
    let calls = 0;
    @Controller('pictures')
    class Pictures {
      @Get(':id')
      @CacheVariant({ query: ['w', 'h'] })
      picture(@Query('w') width: unknown, @Query('h') height: unknown): Buffer {
        calls += 1;
        return told(width ?? 'none', height ?? 'none');
      }
    }
    const app = await start({ controllers: [Pictures] });
    const paths = ['', '?w=', '?w=1', '?h=1', '?w=1&h=1', '?w=1&w=2', '?w=2&w=1', '?w=1,2', '?w=11', '?w=null'];
    await shareNothing(
      app,
      paths.map((query) => `/pictures/a${query}`),
    );
    calls = 0;
    for (const query of ['?h=1&w=1', '?w=1&h=1&x=1', '?cache=recache&w=1', '?utm_source=a&w=1', '?W=5'])
      expect((await app.get(`/pictures/a${query}`)).headers['cache-status']).toBe(HIT);
    expect(calls).toBe(0);
  });

  it('have nothing of headers and cookies', async () => {
    @Controller('pictures')
    class Pictures {
      @Get(':id')
      @CacheVariant()
      picture(@Param('id') id: string): Buffer {
        return told(id);
      }
    }
    const app = await start({ controllers: [Pictures] });
    await app.get('/pictures/a', { Accept: 'image/avif', Cookie: 'a=1' });
    const other = await app.get('/pictures/a', { Accept: 'image/webp', Cookie: 'a=2', 'X-Forwarded-Host': 'evil' });
    expect(other.headers['cache-status']).toBe(HIT);
  });

  it('have the version of the recipe: a deploy with another one serves no old pictures', async () => {
    const make = (version: string | undefined): new () => object => {
      @Controller('pictures')
      class Pictures {
        @Get(':id')
        @CacheVariant({ namespace: 'pictures', ...(version !== undefined && { version }) })
        picture(@Param('id') id: string): Buffer {
          return told(version ?? 'none', id);
        }
      }
      return Pictures;
    };
    const directory = await makeDirectory();
    const cache = { variant: { store: filesystemStore({ directory: directory.path }) } };
    const bodies = [];
    for (const version of [undefined, '1', '2', '1', undefined]) {
      const app = await start({ controllers: [make(version)], cache });
      const { headers, body } = await app.get('/pictures/a');
      bodies.push([body.subarray(4).toString(), String(headers['cache-status']).includes('hit')]);
      await app.close();
    }
    expect(bodies).toEqual([
      ['["none","a"]', false],
      ['["1","a"]', false],
      ['["2","a"]', false],
      ['["1","a"]', true],
      ['["none","a"]', true],
    ]);
    await directory.remove();
  });

  it('mean the same images in two controllers that name one namespace', async () => {
    @Controller('thumbnails')
    class Thumbnails {
      @Get(':id')
      @CacheVariant({ namespace: 'photos' })
      thumbnail(@Param('id') id: string): Buffer {
        return told('thumbnail', id);
      }
    }
    @Controller('photos')
    class Photos {
      @Get(':identifier')
      @CacheVariant({ namespace: 'photos' })
      photo(@Param('identifier') identifier: string): Buffer {
        return told('photo', identifier);
      }

      @Delete(':identifier')
      @EvictImage({ namespace: 'photos' })
      remove(): object {
        return {};
      }
    }
    const app = await start({ controllers: [Thumbnails, Photos] });
    await shareNothing(app, ['/thumbnails/a', '/photos/a', '/thumbnails/b']);
    await app.request('DELETE', '/photos/a');
    const after = await ask(app, ['/thumbnails/a', '/photos/a', '/thumbnails/b']);
    expect(after.map((answer) => answer.told)).toEqual([MISS, MISS, HIT]);
  });

  it('go by the identifier that the options tell', async () => {
    @Controller('pictures')
    class Pictures {
      @Get(':album/:photo')
      @CacheVariant({
        namespace: '',
        identifier: (context) => {
          const { params } = context.switchToHttp().getRequest<{ params: Record<string, string> }>();
          return `${params['album']}/${params['photo']}`;
        },
      })
      picture(@Param() params: Record<string, string>): Buffer {
        return told({ ...params });
      }
    }
    const app = await start({ controllers: [Pictures] });
    await shareNothing(app, ['/pictures/a/b', '/pictures/a/c']);
    expect(await app.cache.evict('a/b')).toMatchObject({ variants: 1 });
    const after = await ask(app, ['/pictures/a/b', '/pictures/a/c']);
    expect(after.map((answer) => answer.told)).toEqual([MISS, HIT]);
  });

  it.each([
    ['@CacheVariant()', CacheVariant()],
    ['@EvictImage()', EvictImage()],
  ])('have to tell the image: without a parameter for it, %s refuses to start', async (_name, decorate) => {
    @Controller('pictures')
    class Pictures {
      @Get('all/:photo')
      photo(): Buffer {
        return told();
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Pictures.prototype, 'photo') ?? {};
    decorate(Pictures.prototype, 'photo', descriptor);
    await expect(start({ controllers: [Pictures] })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_OPTIONS',
      message: expect.stringMatching(/Pictures\.photo: which image\?.*':id'.*':identifier'.*identifier:/) as unknown,
    });
  });

  it('have to tell whose images: two controllers of one name refuse to start', async () => {
    const twins = ['cats', 'dogs'].map((path) => {
      @Controller(path)
      class Pictures {
        @Get(':id')
        @CacheVariant()
        picture(@Param('id') id: string): Buffer {
          return told(path, id);
        }
      }
      return Pictures;
    });
    await expect(start({ controllers: twins })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_OPTIONS',
      message: expect.stringMatching(/Pictures.*namespace/) as unknown,
    });
  });
});
