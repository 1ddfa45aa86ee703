import { describe, expect, it } from '@jest/globals';
import { adminApp } from '../support/admin-app.js';
import { documentOf, operationsOf } from '../support/documented.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

describe.each(PLATFORMS)('the OpenAPI document of the admin API on %s', (platform) => {
  const start = usingApps(platform);

  it('says what every route is for, how one is let in, and what each answer is', async () => {
    const operations = operationsOf(documentOf(await start(adminApp())));
    expect(operations.size).toBeGreaterThan(20);
    for (const [line, { summary, security, responses, parameters = [] }] of operations) {
      expect([line, summary, security?.length]).toEqual([line, expect.stringMatching(/\.$/), 2]);
      for (const [status, { description, content }] of Object.entries(responses)) {
        const told = [description === '', content === undefined];
        expect([line, status, ...told]).toEqual([line, status, false, status === '204']);
      }
      const inPath = [...line.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const told = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
      expect([line, told]).toEqual([line, inPath]);
    }
  });

  it('names no schema that it does not have', async () => {
    const document = documentOf(await start(adminApp()));
    const text = JSON.stringify(document);
    const named = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? '');
    const schemas = Object.keys(document.components?.schemas ?? {});
    expect(named.length).toBeGreaterThan(50);
    expect([...new Set(named)].filter((name) => !schemas.includes(name))).toEqual([]);
  });
});
