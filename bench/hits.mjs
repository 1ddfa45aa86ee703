import { median, NAMES, start } from './contenders.mjs';

const ROUNDS = 9;
const REQUESTS = 3000;
const CONNECTIONS = 32;

/**
 * What a cached hit costs: CPU time of the server per request, all threads, the contenders taking turns. Relative to
 * node:http in the same round; and what reading the file for each request costs, relative to the cache in files.
 */
export async function measureHits(bodyFile) {
  const contenders = [];
  for (const name of NAMES) contenders.push(await start(name, bodyFile));
  const costs = new Map(NAMES.map((name) => [name, []]));
  for (const contender of contenders) await load(contender, REQUESTS);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const contender of contenders) {
      const before = await contender.usage();
      await load(contender, REQUESTS);
      const after = await contender.usage();
      costs.get(contender.name).push((after.cpu - before.cpu) / REQUESTS);
    }
  }
  for (const contender of contenders) await contender.stop();
  const compared = (name, base) => {
    const ratios = costs.get(name).map((cost, round) => cost / costs.get(base)[round]);
    return { ratio: median(ratios), range: [Math.min(...ratios), Math.max(...ratios)] };
  };
  const [base] = NAMES;
  return {
    hits: NAMES.map((name) => ({ name, cpu: median(costs.get(name)), ...compared(name, base) })),
    files: compared('node:http, fs.readFile', 'node:http, nestjs-image-cache in files'),
  };
}

async function load(contender, requests) {
  let left = requests;
  const work = async () => {
    while (left-- > 0) {
      const { status } = await contender.get('/pictures/1/picture.jpg');
      if (status !== 200) throw new Error(`${contender.name}: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}
