// The figures of sweeps in words: node bench/sweeps-report.mjs figures.json
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { number, table } from './tables.mjs';

/** The section of the report on {@link measureSweeps}. */
export function sweepsReport({ files, filesystem, passes = [], prunes = [], purges = [], delays }) {
  const tasks = { 'looking at all': passes, 'removing the oldest hundredth': prunes, 'removing all': purges };
  const rows = Object.entries(tasks).flatMap(([task, contenders]) => contenders.map((contender) => [task, contender]));
  return `## A sweep of files

${files.toLocaleString('en')} files of 1 KB on ${filesystem}, ten of each image; medians of rounds in which the contenders took turns, relative to
the first of each task. The sweep's figures include the start of its thread. "opendir and stat" walks as it is done
without a thread: one \`await\` after the other, on the event loop.

${table(
  ['', '', 'rounds', 'ms', 'relative', 'CPU ms', 'relative'],
  rows.map(([task, { name, rounds, time, timeRatio, cpu, cpuRatio }]) => [
    task,
    name,
    rounds,
    number(time, 0),
    number(timeRatio),
    number(cpu, 0),
    number(cpuRatio),
  ]),
)}

How late timers of a server are meanwhile that is asked for a picture a hundred times per second, each looked at every
millisecond; relative to when it does nothing else, in the same rounds:

${table(
  ['', 'mean ms', 'relative', 'p99 ms', 'relative', 'longest ms'],
  delays.map(({ name, mean, meanRatio, p99, p99Ratio, longest }) => [
    name,
    number(mean),
    number(meanRatio),
    number(p99, 1),
    number(p99Ratio),
    number(longest, 1),
  ]),
)}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(sweepsReport(JSON.parse(readFileSync(process.argv[2], 'utf8'))));
