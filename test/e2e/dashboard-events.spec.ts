import { describe, expect, it } from '@jest/globals';
import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import type { Socket } from 'node:net';
import { adminApp, CREDENTIALS } from '../support/admin-app.js';
import { deferred, until } from '../support/async.js';
import { listen, type Listening } from '../support/event-stream.js';
import { connectRaw } from '../support/raw-client.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

/** As many streams as there may be at a time. */
const MOST = 32;

const EVENTS = '/admin/events';

/** A guard that lets everybody pass, once it is opened. */
class Gate {
  readonly #opened = deferred();
  readonly #connections = new Set<Socket>();
  asked = 0;

  open(): void {
    this.#opened.resolve();
  }

  /** Connections by which somebody has asked, and that are not closed yet. */
  get connections(): number {
    return this.#connections.size;
  }

  guard(): Type<CanActivate> {
    const ask = (socket: Socket): Promise<void> => this.#ask(socket);
    return class implements CanActivate {
      async canActivate(context: ExecutionContext): Promise<boolean> {
        await ask(context.switchToHttp().getRequest<{ readonly socket: Socket }>().socket);
        return true;
      }
    };
  }

  #ask(socket: Socket): Promise<void> {
    this.asked += 1;
    if (!this.#connections.has(socket)) socket.once('close', () => this.#connections.delete(socket));
    this.#connections.add(socket);
    return this.#opened.promise;
  }
}

describe.each(PLATFORMS)('The events of the dashboard on %s', (platform) => {
  const startApp = usingApps(platform);
  const follow = (app: TestApp): Promise<Listening> => listen(app.port, EVENTS, CREDENTIALS);

  /** Expects that as many can listen as may, as if nobody had before. */
  async function expectRoom(app: TestApp): Promise<void> {
    const clients = await Promise.all(Array.from({ length: MOST }, () => follow(app)));
    expect(new Set(clients.map(({ status }) => status))).toEqual(new Set([200]));
    for (const client of clients) client.leave();
  }

  it('keep no place for who leaves while a guard makes up its mind', async () => {
    const gate = new Gate();
    const app = await startApp(adminApp({ path: 'admin', admin: {}, guards: [gate.guard()] }));
    const hasty = Array.from({ length: MOST }, () => app.open(EVENTS));
    await until(() => gate.asked === MOST);
    for (const client of hasty) client.leave();
    await until(() => gate.connections === 0);
    gate.open();
    await expectRoom(app);
  });

  it('take one place for a connection, however many are asked for on it', async () => {
    const gate = new Gate();
    gate.open();
    const app = await startApp(adminApp({ path: 'admin', admin: {}, guards: [gate.guard()] }));
    const client = await connectRaw(app.port);
    client.send(...Array.from({ length: MOST }, () => EVENTS));
    await until(() => gate.asked === MOST);
    await client.begun();
    const other = await follow(app);
    expect(other.status).toBe(200);
    client.socket.destroy();
    other.leave();
    await until(() => gate.connections === 0);
    await expectRoom(app);
  });

  it('are told of by their headers to who asks by HEAD, which takes no place', async () => {
    const app = await startApp(adminApp({ path: 'admin' }));
    for (let turn = 0; turn <= MOST; turn += 1) {
      const { status, headers, body, complete } = await app.request('HEAD', EVENTS, CREDENTIALS);
      expect([status, headers['content-type'], body.byteLength, complete]).toEqual([
        200,
        'text/event-stream; charset=utf-8',
        0,
        true,
      ]);
    }
    await expectRoom(app);
  });
});
