import type { Layout } from '../files/layout.js';
import type { Space } from '../space/space.js';
import type { UpkeepOptions } from './upkeep.js';

/** What a sweep has to do with the account of the space: it tells what it has removed, and has the account put right. */
export function spaceNews(
  space: Space,
  layout: Layout,
): Required<Pick<UpkeepOptions, 'onRemoved' | 'onEmptied' | 'steps'>> {
  return {
    steps: space.steps,
    onRemoved: (entries) => {
      space.removed(entries.filter(({ keptAt }) => keptAt === undefined).map(({ key }) => key));
      for (const { key, keptAt } of entries)
        if (keptAt !== undefined) space.discarded({ key }, layout.relative(keptAt));
    },
    onEmptied: (paths) => {
      for (const path of paths) space.emptied(layout.relative(path));
    },
  };
}
