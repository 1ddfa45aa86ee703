import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { heapStore, type VariantRenderer } from 'nestjs-image-cache';
import { adminApp, ask, CREDENTIALS } from '../support/admin-app.js';
import { deferred, type Deferred } from '../support/async.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

/** Milliseconds that a connection may be idle. */
const IDLE = 500;

@Controller()
class NeverController {
  @Get('never')
  never(): Promise<void> {
    return new Promise(() => undefined);
  }
}

describe.each(PLATFORMS)('a server on %s that ends idle connections', (platform) => {
  const start = usingApps(platform);

  /** One that has an image in its queue, and cannot render before it is let. */
  async function impatient(): Promise<{ readonly app: TestApp; readonly allowed: Deferred }> {
    const allowed = deferred();
    const renderer: VariantRenderer = {
      render: async () => {
        await allowed.promise;
        return { body: Buffer.from('x'), contentType: 'image/jpeg' };
      },
    };
    const app = await start({
      ...adminApp({ cache: { renderer, variant: { store: heapStore() } } }),
      controllers: [NeverController],
      configure: (nest) => (nest.getHttpServer() as Server).setTimeout(IDLE),
    });
    expect((await ask(app, 'PUT /admin/cache/a')).status).toBe(202);
    return { app, allowed };
  }

  const head = (line: string): string =>
    `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: ${CREDENTIALS.Authorization}\r\nContent-Length: 0\r\n\r\n`;

  /** What comes on a connection until it is closed, of requests that are sent without waiting for answers. */
  function converse(app: TestApp, ...lines: readonly string[]): Promise<string> {
    const connection = connect(app.port, '127.0.0.1');
    connection.write(lines.map(head).join(''));
    return text(connection);
  }

  it('waits for an answer to an operator that takes longer, and for no other one', async () => {
    const { app, allowed } = await impatient();
    const answer = ask(app, 'POST /admin/actions/prefetch');
    await expect(app.get('/never')).rejects.toThrow('socket hang up');
    allowed.resolve();
    expect(await answer).toMatchObject({ status: 200, json: { rendered: 1 } });
  });

  it('does so where another answer comes before on the same connection', async () => {
    const { app, allowed } = await impatient();
    const answers = converse(app, 'GET /admin/status', 'POST /admin/actions/prefetch', 'GET /never');
    await expect(app.get('/never')).rejects.toThrow('socket hang up');
    await expect(app.get('/never')).rejects.toThrow('socket hang up');
    allowed.resolve();
    expect((await answers).match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });

  it('ends the connection of an operator that is idle when that has been answered', async () => {
    const { app } = await impatient();
    expect((await converse(app, 'GET /admin/status', 'GET /never')).match(/HTTP\/1\.1 200/g)).toHaveLength(1);
  });
});
