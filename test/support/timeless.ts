/** What is another time each time it is done. */
export function timeless(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
    .replaceAll(/\d+(\.\d)? (ms|s)\b/g, 'DURATION')
    .replaceAll(/\b\d+ B\b/g, 'SIZE')
    .replaceAll(/ {2,}/g, '  ')
    .trim();
}
