import { parentPort, workerData } from 'node:worker_threads';
import { SharedBrake } from './brake.js';
import { localDisk } from './disk.js';
import type { StepRequest, ThreadMessage } from './protocol.js';
import { runStep } from './run-step.js';

/**
 * The thread that goes through the files. It waits for each of them, and nobody waits for it: the event loop and the
 * threads of libuv's pool are left to the requests.
 */
const brake = new SharedBrake(workerData as Int32Array);

const say = (message: ThreadMessage): void => {
  parentPort?.postMessage(message);
};

parentPort?.on('message', (request: StepRequest) => {
  const news = runStep(request, {
    disk: localDisk,
    brake,
    now: () => performance.now(),
    tell: (some) => {
      say({ type: 'news', news: some });
    },
    send: (batch) => {
      say({ type: 'batch', batch });
    },
  });
  say({ type: 'done', news });
});
