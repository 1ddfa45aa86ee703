import type { INestApplication } from '@nestjs/common';
import type { Server } from 'node:http';
import { oneLine } from './one-line.js';

/** Milliseconds after which the connections of clients that do not read are cut. */
const PATIENCE = 30_000;

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Ends the process at the first signal when everything under way is answered and written, with exit code 0; at the
 * second signal at once.
 */
export function closeOnSignals(app: INestApplication): void {
  let closing = false;
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (closing) process.exit(128 + number);
      closing = true;
      void close(app);
    });
  }
}

async function close(app: INestApplication): Promise<void> {
  const server = app.getHttpServer() as Server;
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, PATIENCE);
  try {
    await app.close();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`image-server: ${oneLine(error)}\n`);
    process.exit(1);
  } finally {
    clearTimeout(timer);
  }
}
