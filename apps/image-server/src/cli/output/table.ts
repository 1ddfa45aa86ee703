import Table from 'cli-table3';
import { printable } from 'nestjs-image-cache';

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: 'left' | 'right';
}

/** No lines: columns are told apart by two blanks, for programs that read them and for paper. */
const PLAIN = {
  ...Object.fromEntries(
    ['top', 'bottom', 'mid', 'left', 'right'].flatMap((side) =>
      ['', '-mid', '-left', '-right'].map((part) => [`${side}${part}`, '']),
    ),
  ),
  middle: '  ',
};

/** Rows as a table: with lines on a terminal, else plain. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { lines }: { readonly lines: boolean },
): string {
  const drawn = new Table({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ align = 'left' }) => align),
    style: { head: [], border: [], compact: true, ...(!lines && { 'padding-left': 0, 'padding-right': 0 }) },
    ...(!lines && { chars: PLAIN }),
  });
  for (const row of rows) drawn.push(columns.map(({ value }) => printable(value(row))));
  return drawn.toString().replaceAll(/ +$/gm, '');
}
