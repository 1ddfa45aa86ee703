import { describe, expect, it } from '@jest/globals';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { adminApp } from '../support/admin-app.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const ROUTES: Readonly<Record<string, readonly number[]>> = {
  'get /admin/cache': [200],
  'delete /admin/cache': [200, 404],
  'get /admin/cache/{identifier}': [200, 404],
  'delete /admin/cache/{identifier}': [200, 204, 404],
  'put /admin/cache/{identifier}': [202, 404],
  'get /admin/queue': [200, 404],
  'delete /admin/queue/{identifier}': [204, 404],
  'post /admin/actions/prune': [200],
  'post /admin/actions/clean': [200],
  'post /admin/actions/sweep': [200],
  'post /admin/actions/prefetch': [200, 404],
  'post /admin/actions/pause': [200, 404],
  'post /admin/actions/resume': [200, 404],
  'post /admin/actions/retry': [200, 404],
  'post /admin/actions/changed': [200],
  'post /admin/actions/configure': [200],
  'post /admin/tasks': [202, 404],
  'get /admin/tasks': [200],
  'get /admin/tasks/{id}': [200, 404],
  'delete /admin/tasks/{id}': [200, 202, 404, 409],
  'get /admin/status': [200],
  'get /admin/worker/shifts': [200],
  'get /admin/history': [200, 404],
  'get /admin/events': [200, 404],
};

interface Operation {
  readonly summary?: string;
  readonly security?: object[];
  readonly responses: Readonly<Record<string, { description?: string; content?: object }>>;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

describe.each(PLATFORMS)('the OpenAPI document of the admin API on %s', (platform) => {
  const start = usingApps(platform);

  const documentOf = async (): Promise<OpenAPIObject> => {
    const app = await start(adminApp());
    return SwaggerModule.createDocument(app.nest, new DocumentBuilder().setTitle('Cache').build());
  };

  it('describes every route, with every status that it answers', async () => {
    const { paths } = await documentOf();
    const operations = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
        line: `${method} ${path}`,
        operation,
      })),
    );
    expect(operations.map(({ line }) => line).sort()).toEqual(Object.keys(ROUTES).sort());
    for (const { line, operation } of operations) {
      const problems = [400, 401, 429, 503, ...(line.startsWith('get') ? [] : [403, 413, 415])];
      const statuses = [...(ROUTES[line] ?? []), ...problems].map(String).sort();
      expect([line, Object.keys(operation.responses).sort()]).toEqual([line, statuses]);
      expect([line, operation.summary, operation.security?.length]).toEqual([line, expect.stringMatching(/\.$/), 2]);
      for (const [status, { description, content }] of Object.entries(operation.responses))
        expect([line, status, description === '', content === undefined]).toEqual([
          line,
          status,
          false,
          status === '204',
        ]);
      const inPath = [...line.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const told = operation.parameters?.filter((each) => each.in === 'path').map(({ name }) => name) ?? [];
      expect([line, told]).toEqual([line, inPath]);
    }
  });

  it('names no schema that it does not have', async () => {
    const document = await documentOf();
    const text = JSON.stringify(document);
    const named = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? '');
    const schemas = Object.keys(document.components?.schemas ?? {});
    expect(named.length).toBeGreaterThan(50);
    expect([...new Set(named)].filter((name) => !schemas.includes(name))).toEqual([]);
  });
});
