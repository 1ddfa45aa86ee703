/** IMF-fixdate (RFC 9110, section 5.6.7), always in GMT. */
export function formatHttpDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString();
}

/** IMF-fixdate, and the two obsolete formats that a recipient has to accept. */
const DATES: readonly RegExp[] = [
  /^(?<weekday>\w{3}), (?<day>\d\d) (?<month>\w{3}) (?<year>\d{4}) (?<time>[\d:]{8}) GMT$/,
  /^(?<weekday>\w{3})[a-z]*day, (?<day>\d\d)-(?<month>\w{3})-(?<year>\d\d) (?<time>[\d:]{8}) GMT$/,
  /^(?<weekday>\w{3}) (?<month>\w{3}) (?<day>[ \d]\d) (?<time>[\d:]{8}) (?<year>\d{4})$/,
];

/** Milliseconds since the epoch; `undefined` for what is no HTTP date (RFC 9110, section 5.6.7), as if it were not there. */
export function parseHttpDate(header: string): number | undefined {
  const text = header.trim();
  const fields = DATES.map((format) => format.exec(text)?.groups).find((groups) => groups !== undefined);
  const { weekday, day = '', month, year = '', time } = fields ?? {};
  const fixdate = `${weekday}, ${day.replace(' ', '0')} ${month} ${fullYear(year)} ${time} GMT`;
  const milliseconds = Date.parse(fixdate);
  return formatHttpDate(milliseconds) === fixdate ? milliseconds : undefined;
}

/** There is nothing to be dated from before 1970. */
function fullYear(year: string): string {
  if (year.length !== 2) return year;
  return year < '70' ? `20${year}` : `19${year}`;
}
