import { readFile } from 'node:fs/promises';

/** The blocks of code of a page that are in a language. */
export async function blocksOf(page: string, language: string): Promise<readonly string[]> {
  const text = await readFile(page, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\b.*\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  );
}
