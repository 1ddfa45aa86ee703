import type { Configuration, ConfiguredValue } from './configuration.js';
import { variableOf, type KeyDefinition } from './key-definition.js';
import { KNOWN_KEYS } from './known-keys.js';
import { displayed } from './masking.js';

/** The effective configuration as lines of key, value and origin. */
export function configurationReport({ values, missing }: Configuration): string {
  const missingKeys = missing.map(({ key }): string => key);
  const rows = values.map((each) => [each.definition.key, shownValue(each, missingKeys), each.origin ?? 'default']);
  return aligned([['KEY', 'VALUE', 'FROM'], ...rows]);
}

/** The keys as a Markdown table. */
export function keysTable(): string {
  const rows = KNOWN_KEYS.map((definition: KeyDefinition) => {
    const { key, description } = definition;
    return [`\`${key}\``, `\`${variableOf(definition)}\``, defaultOf(definition), description];
  });
  const header = ['Key', 'Variable', 'Default', 'Meaning'];
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function shownValue({ definition, value }: ConfiguredValue, missing: readonly string[]): string {
  if (missing.includes(definition.key)) return '(missing)';
  if (value === undefined) return definition.otherwise === undefined ? '(not set)' : `(${definition.otherwise})`;
  return displayed(definition, value);
}

function defaultOf({ fallback, otherwise }: KeyDefinition): string {
  return (
    otherwise ??
    (fallback === undefined ? '–' : `\`${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}\``)
  );
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widthOf = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = [widthOf(0), widthOf(1)];
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}
