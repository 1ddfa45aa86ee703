// What comes from elsewhere must not move the cursor, colour the screen or begin a new line: C0, DEL, C1, the separators
// of lines, and the marks that turn the direction of writing.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

/** A text as it may stand in a log or on a terminal; what would act on it is shown by its number. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
