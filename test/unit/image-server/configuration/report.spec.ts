import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { readConfiguration } from '../../../../apps/image-server/src/configuration/configuration.js';
import { configurationReport, keysTable } from '../../../../apps/image-server/src/configuration/report.js';

describe('The report of a configuration', () => {
  const environment = {
    BASE_URI: 'https://me:hunter2@images.example',
    CACHE_SERVER_VARIANT_ENABLED: 'true',
    CACHE_SERVER_VARIANT_IMPLEMENTATION: 'FilesystemCache',
  };
  const report = configurationReport(readConfiguration({ environment }));
  const rowOf = (key: string): string[] | undefined =>
    report
      .split('\n')
      .map((line) => line.split(/ {2,}/))
      .find(([name]) => name === key);

  it('tells every value and where it comes from', () => {
    expect(rowOf('cache.server.variant.enabled')).toEqual([
      'cache.server.variant.enabled',
      'true',
      'CACHE_SERVER_VARIANT_ENABLED',
    ]);
    expect(rowOf('port')).toEqual(['port', '8182', 'default']);
    expect(rowOf('processor.concurrency')).toEqual(['processor.concurrency', '(the number of cores)', 'default']);
  });

  it('tells what is missing', () => {
    expect(rowOf('cache.FilesystemCache.pathname')?.[1]).toBe('(missing)');
  });

  it('tells no password', () => {
    expect(rowOf('base_uri')?.[1]).toBe('https://me:***@images.example');
    expect(report).not.toContain('hunter2');
  });
});

describe('The table of keys', () => {
  it('is the one of the documentation', async () => {
    const page = await readFile('docs/configuration.md', 'utf8');
    // Columns are aligned on the page.
    const unaligned = page.replaceAll(/ {2,}/g, ' ').replaceAll(/-{4,}/g, '---');
    expect(unaligned).toContain(keysTable());
  });
});
