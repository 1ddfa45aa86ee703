// Runs commands of the image server one after the other, as its binary would: a process for each takes a second or more.
// Reads lines of JSON with arguments and environment; tells exit code and output in lines of JSON.
import { createInterface } from 'node:readline';
import { runCommand } from '../../apps/image-server/dist/cli/run-command.js';

const tell = process.stdout.write.bind(process.stdout);
const { PATH, UV_THREADPOOL_SIZE } = process.env;
const environment = { PATH, UV_THREADPOOL_SIZE };

process.stdout.setMaxListeners(0);
for await (const line of createInterface({ input: process.stdin })) {
  const { args, env } = JSON.parse(line);
  const output = { stdout: '', stderr: '' };
  process.env = { ...environment, ...env };
  for (const name of ['stdout', 'stderr'])
    process[name].write = (text) => {
      output[name] += text;
      return true;
    };
  const code = await runCommand(args);
  tell(`${JSON.stringify({ code, ...output })}\n`);
}
