import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { runServer } from '../support/image-server.js';

describe('image-server', () => {
  it('tells its version, and how it and its commands are called', async () => {
    const { version } = JSON.parse(await readFile('apps/image-server/package.json', 'utf8')) as { version: string };
    const said = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runServer({ args });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout;
    };
    expect(await said('--version')).toBe(`${version}\n`);
    expect(await said('help')).toBe(await said('--help'));
    expect(await said('help', 'cache')).toMatch(/^Usage: image-server cache /);
    expect(await said('help', 'cache', 'sweep')).toMatch(/^Usage: image-server cache sweep /);
    expect(await said('help', 'cache', 'help')).toBe(await said('help', 'cache'));
    expect(await said('--config', 'x.yaml', 'help', 'cache', 'sweep')).toMatch(/^Usage: image-server cache sweep /);
  });
});
