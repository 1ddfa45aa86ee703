import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';

export const NAMES = [
  'node:http from a Buffer',
  'node:http, fs.readFile',
  'node:http, nestjs-image-cache in files',
  'Fastify, nestjs-image-cache in the heap',
  'Fastify, nestjs-image-cache in files',
  'Fastify, @nestjs/cache-manager',
  'Express, nestjs-image-cache in the heap',
  'Express, nestjs-image-cache in files',
  'Express, @nestjs/cache-manager',
];

/** Starts a contender in a process of its own. */
export async function start(name, bodyFile) {
  const child = fork(fileURLToPath(new URL('./contender.mjs', import.meta.url)), [name, bodyFile], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '8' },
  });
  const [{ port }] = await once(child, 'message');
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  return {
    name,
    /** CPU time of the process in microseconds, and how often it has rendered. */
    async usage() {
      child.send('usage');
      const [{ cpu, renders }] = await once(child, 'message');
      return { cpu: cpu.user + cpu.system, renders };
    },
    get: (path) => get({ agent, port, path, host: '127.0.0.1' }),
    async stop() {
      agent.destroy();
      child.kill();
      await once(child, 'exit');
    },
  };
}

function get(options) {
  return new Promise((resolve, reject) => {
    request(options, (response) => {
      let size = 0;
      response.on('data', (chunk) => (size += chunk.byteLength));
      response.on('end', () => resolve({ status: response.statusCode, size }));
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
