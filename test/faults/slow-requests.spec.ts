import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { connectRaw, type RawClient } from '../support/raw-client.js';
import { startServing, type Serving } from '../support/serving.js';
import { PLATFORMS } from '../support/test-app.js';

/** Writes one byte after the other, each in a packet of its own. */
async function trickle({ socket }: RawClient, text: string): Promise<void> {
  socket.setNoDelay(true);
  for (const byte of Buffer.from(text)) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
}

describe.each(PLATFORMS)('clients of a server on %s that are long about their request', (platform) => {
  let directory: TestDirectory;
  let server: Serving;
  let clients: RawClient[];

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
    clients = [];
    server = await startServing(platform, { directory: directory.path });
    await server.get('/pictures/kept/k');
    await server.becomes(({ stats, connections }) => {
      expect([stats.stored, connections]).toEqual([1, 0]);
    });
  });

  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    server.kill();
    await directory.remove();
  });

  const connect = async (count: number): Promise<RawClient[]> => {
    const some = await Promise.all(Array.from({ length: count }, () => connectRaw(server.port)));
    clients.push(...some);
    return some;
  };

  /** Waits until so many connections are held for clients, and nothing else. */
  const onlyConnections = (count: number): Promise<void> =>
    server.becomes(({ stats, descriptors, connections, temporary }) => {
      const held = { descriptors, connections, temporary, ...stats.rendering };
      expect(held).toEqual({ descriptors: 0, connections: count, temporary: 0, running: 0, waiting: 0 });
    });

  const hit = async (): Promise<void> => {
    expect((await server.get('/pictures/kept/k')).headers['cache-status']).toContain('; hit');
  };

  it('hold nothing before its end when they send it byte by byte, and are answered then', async () => {
    const some = await connect(20);
    await Promise.all(some.map((each) => trickle(each, 'GET /pictures/gated/g HTTP/1.1\r\nHost: localhost\r\n')));
    await onlyConnections(20);
    await hit();
    expect((await server.state()).begun).toEqual([]);
    server.finish('all');
    await Promise.all(some.map((each) => trickle(each, 'Connection: close\r\n\r\n')));
    const answers = await Promise.all(some.map(({ rest }) => rest()));
    expect(answers.map((answer) => answer.toString('latin1', 0, 12))).toEqual(answers.map(() => 'HTTP/1.1 200'));
    expect((await server.state()).begun).toEqual(['g']);
    for (const { socket } of some) socket.destroy();
    await onlyConnections(0);
  });

  it('hold nothing but their connections when they stop in the middle of its first line', async () => {
    const some = await connect(100);
    for (const { socket } of some) socket.write('GET /pictures/ke');
    await onlyConnections(100);
    await hit();
    for (const { socket } of some) socket.destroy();
    await onlyConnections(0);
  });
});
