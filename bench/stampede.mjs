import { NAMES, start } from './contenders.mjs';

const CLIENTS = 200;

/** How often a picture is rendered that 200 clients ask for at the same time and that nobody has. */
export async function measureStampede(bodyFile) {
  const results = [];
  for (const name of NAMES) {
    const contender = await start(name, bodyFile);
    const before = await contender.usage();
    await Promise.all(Array.from({ length: CLIENTS }, () => contender.get('/pictures/cold/picture.jpg')));
    const after = await contender.usage();
    results.push({ name, renders: after.renders - before.renders });
    await contender.stop();
  }
  return results;
}
