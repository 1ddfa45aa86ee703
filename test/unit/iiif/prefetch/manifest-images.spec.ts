import { describe, expect, it } from '@jest/globals';
import { IiifError, manifestImages } from 'nestjs-iiif';

const service3 = (identifier: string, host = 'https://example.org') => ({
  id: `${host}/iiif/3/${encodeURIComponent(identifier)}`,
  type: 'ImageService3',
  profile: 'level2',
});

const service2 = (identifier: string, host = 'https://example.org') => ({
  '@context': 'http://iiif.io/api/image/2/context.json',
  '@id': `${host}/iiif/2/${encodeURIComponent(identifier)}`,
  profile: 'http://iiif.io/api/image/2/level2.json',
});

const manifest3 = (...services: object[]) => ({
  '@context': 'http://iiif.io/api/presentation/3/context.json',
  id: 'https://example.org/atlas/manifest.json',
  type: 'Manifest',
  items: services.map((service, page) => ({
    id: `https://example.org/canvas/${page}`,
    type: 'Canvas',
    items: [
      {
        type: 'AnnotationPage',
        items: [{ type: 'Annotation', motivation: 'painting', body: { type: 'Image', service: [service] } }],
      },
    ],
  })),
});

const manifest2 = (...services: object[]) => ({
  '@context': 'http://iiif.io/api/presentation/2/context.json',
  '@type': 'sc:Manifest',
  sequences: [{ canvases: services.map((service) => ({ '@type': 'sc:Canvas', images: [{ resource: { service } }] })) }],
});

const refusal = (document: unknown, options?: { readonly baseUri: string }): unknown => {
  try {
    return manifestImages(document, options);
  } catch (error) {
    return error instanceof IiifError ? [error.code, error.message] : error;
  }
};

describe('the images of a manifest', () => {
  it('are found in version 3, in the order of its pages, each once', () => {
    const manifest = manifest3(
      service3('maps/b.tif'),
      service3('a ü.jpg'),
      service2('maps/b.tif'),
      service2('50%.png'),
    );
    expect(manifestImages(manifest)).toEqual(['maps/b.tif', 'a ü.jpg', '50%.png']);
  });

  it('are found in version 2', () => {
    expect(manifestImages(manifest2(service2('one.tif'), service2('two.tif')))).toEqual(['one.tif', 'two.tif']);
  });

  it('are found by a type of version 2 within version 3, and behind info.json', () => {
    const old = { '@id': 'http://h/iiif/2/x.tif/info.json', '@type': 'ImageService2' };
    expect(manifestImages({ service: old })).toEqual(['x.tif']);
  });

  it('are those of this server, where it is named', () => {
    const manifest = manifest3(service3('mine.tif', 'https://my.org/images'), service3('theirs.tif'));
    expect(manifestImages(manifest, { baseUri: 'https://my.org/images/' })).toEqual(['mine.tif']);
    expect(refusal(manifest, { baseUri: 'https://other.org' })).toEqual([
      'E_IIIF_BAD_REQUEST',
      'The manifest shows no image with an image service below https://other.org/iiif.',
    ]);
  });

  it.each([
    [null],
    ['text'],
    [{}],
    [manifest3({ id: 'https://example.org/iiif/3/a.tif', type: 'Image' })],
    [manifest3({ ...service3('x'), id: 'https://example.org/loris/x' })],
    [manifest3({ ...service3('x'), id: 'https://example.org/iiif/3/%ff' })],
    [manifest3({ ...service3('x'), id: 42 })],
  ])('are none in %j', (document) => {
    expect(refusal(document)).toEqual([
      'E_IIIF_BAD_REQUEST',
      'The manifest shows no image with an image service at …/iiif/3 or …/iiif/2.',
    ]);
  });

  it('are found however deep they are', () => {
    let document: object = { service: [service3('deep.tif')] };
    for (let depth = 0; depth < 100_000; depth += 1) document = { items: [document] };
    expect(manifestImages(document)).toEqual(['deep.tif']);
  });
});
