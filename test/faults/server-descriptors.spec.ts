import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { until } from '../support/async.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { makeImages, type TestImages } from '../support/samples.js';

const PATHS = ['0,0,512,512/256,', '512,0,512,512/256,', 'full/200,', 'full/210,'].map(
  (operations) => `/iiif/3/tiled.tif/${operations}/0/default.jpg`,
);

/** Descriptors that the server may have, and clients that take them and ask for nothing. */
const [LIMIT, CLIENTS] = [96, 150];

describe('an image server without a descriptor left', () => {
  let images: TestImages;
  let agent: Agent;
  const idle: Socket[] = [];

  beforeEach(async () => {
    images = await makeImages();
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
  });

  afterEach(async () => {
    for (const socket of idle) socket.destroy();
    agent.destroy();
    await images.remove();
  });

  /** Asks on the connection that is open already. */
  const ask = ({ port }: RunningServer, path: string): Promise<{ status: number; body: Buffer; complete: boolean }> =>
    new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => undefined);
        response.on('close', () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks), complete: response.complete });
        });
      });
      asked.on('error', reject);
      asked.end();
    });

  const descriptorsOf = async ({ pid }: RunningServer): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;

  it('answers with whole pictures or an error, is unwell, and is well when clients have gone', async () => {
    const server = await startServer({ environment: cachingIn(images.cache, images.source) });
    const pictures = new Map<string, Buffer>();
    for (const path of PATHS) pictures.set(path, (await ask(server, path)).body);
    const before = await descriptorsOf(server);
    expect(spawnSync('prlimit', ['--pid', `${server.pid}`, `--nofile=${LIMIT}`]).status).toBe(0);
    for (let client = 0; client < CLIENTS; client += 1)
      idle.push(connect(server.port, '127.0.0.1').on('error', () => undefined));
    await until(async () => (await descriptorsOf(server)) >= LIMIT);
    for (const path of PATHS) {
      const { status, body, complete } = await ask(server, path);
      const isWhole = status === 200 && body.equals(pictures.get(path) ?? Buffer.of());
      expect({ path, complete, isGood: isWhole || status === 503 }).toEqual({ path, complete: true, isGood: true });
    }
    expect((await ask(server, '/health')).status).toBe(503);
    for (const socket of idle.splice(0)) socket.destroy();
    await until(async () => (await descriptorsOf(server)) <= before);
    await until(async () => (await ask(server, '/health')).status === 200);
    for (const path of PATHS)
      expect((await ask(server, path)).body.equals(pictures.get(path) ?? Buffer.of())).toBe(true);
    expect((await server.end()).code).toBe(0);
  });
});
