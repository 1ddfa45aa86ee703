import Table from 'cli-table3';
import { printable } from 'nestjs-image-cache';

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: 'left' | 'right';
  /** Whether it holds texts of any length, which may be cut to make the table fit on a terminal. */
  readonly mayBeCut?: boolean;
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

/** How a table is drawn. */
export interface TableStyle {
  readonly lines: boolean;
  /** Cells that it may take on a terminal. */
  readonly width?: number | undefined;
}

/** Columns are not made narrower than this. */
const NARROWEST = 12;

/** Rows as a table: plain, with all columns; or with lines, without empty columns, and as narrow as the terminal. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], style: TableStyle): string {
  if (!style.lines) return drawn(rows, columns, style);
  const filled = columns.filter(({ value }) => rows.length === 0 || rows.some((row) => value(row) !== ''));
  const natural = drawn(rows, filled, style);
  if (style.width === undefined) return natural;
  const widths = widthsIn(natural);
  const excess = widths.reduce((sum, each) => sum + each + 1, 1) - style.width;
  return excess > 0 ? drawn(rows, filled, style, narrowed(widths, filled, excess)) : natural;
}

/** Widths of columns, as the lines have it that part them. */
function widthsIn(text: string): readonly number[] {
  const [top = ''] = text.split('\n', 1);
  return top
    .slice(1, -1)
    .split('┬')
    .map(({ length }) => length);
}

/** Takes what is too much from the widest of the columns that may be cut. */
function narrowed(
  natural: readonly number[],
  columns: readonly { readonly mayBeCut?: boolean }[],
  excess: number,
): readonly number[] {
  const widths = [...natural];
  for (let left = excess; left > 0; left -= 1) {
    const texts = widths.map((width, at) => (columns[at]?.mayBeCut === true ? width : 0));
    const widest = Math.max(...texts);
    if (widest <= NARROWEST) break;
    widths[texts.indexOf(widest)] = widest - 1;
  }
  return widths;
}

function drawn<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { lines }: TableStyle,
  widths?: readonly number[],
): string {
  const drawing = new Table({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ align = 'left' }) => align),
    style: { head: [], border: [], compact: true, ...(!lines && { 'padding-left': 0, 'padding-right': 0 }) },
    ...(!lines && { chars: PLAIN }),
    ...(widths && { colWidths: [...widths] }),
  });
  for (const row of rows) drawing.push(columns.map(({ value }) => printable(value(row))));
  return drawing.toString().replaceAll(/ +$/gm, '');
}
