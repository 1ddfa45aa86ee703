/** The page is in English, and has one clock of 24 hours. @param {Intl.DateTimeFormatOptions} options */
const clock = (options) => new Intl.DateTimeFormat('en-GB', { ...options, hourCycle: 'h23' });

const MINUTE = clock({ hour: '2-digit', minute: '2-digit' });
const SECOND = clock({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = clock({ day: 'numeric', month: 'short' });
const MOMENT = clock({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const WEEKDAY = clock({ weekday: 'long' });
const DATE = clock({ day: 'numeric', month: 'long' });
const DATE_AND_YEAR = clock({ day: 'numeric', month: 'long', year: 'numeric' });

const MINUTE_LENGTH = 60_000;
const DAY_LENGTH = 86_400_000;

/**
 * A label of an axis.
 *
 * @param {number} milliseconds since the epoch
 * @param {number} step seconds between two labels
 */
export function axisTime(milliseconds, step) {
  return (step >= 86_400 ? DAY : step >= 60 ? MINUTE : SECOND).format(milliseconds);
}

/** A day and a time. @param {string} iso */
export function moment(iso) {
  return MOMENT.format(Date.parse(iso));
}

/** The time of today; of another day, with the day. @param {string} iso */
export function timeOf(iso) {
  const at = Date.parse(iso);
  return daysUntil(at) === 0 ? SECOND.format(at) : MOMENT.format(at);
}

/**
 * About when something will be: `today about 14:20`, `on Sunday about 14:00`, `on 3 December`.
 *
 * @param {string} iso
 */
export function aboutWhen(iso) {
  const at = Date.parse(iso);
  const left = at - Date.now();
  const days = daysUntil(at);
  if (days > 60) return `on ${DATE_AND_YEAR.format(at)}`;
  if (days > 6) return `on ${DATE.format(at)}`;
  const grain = left < 6 * 3_600_000 ? 10 * MINUTE_LENGTH : 60 * MINUTE_LENGTH;
  const rounded = Math.round(at / grain) * grain;
  const day = ['today', 'tomorrow'][daysUntil(rounded)] ?? `on ${WEEKDAY.format(rounded)}`;
  return `${day} about ${MINUTE.format(rounded)}`;
}

/** Midnights until then. @param {number} at milliseconds since the epoch */
function daysUntil(at) {
  return Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / DAY_LENGTH);
}
