const GAP = "[\\s\\u200b-\\u200f\\u2060]?";
const DASH = "[-+‐‑‒–—−]";
const MARK = `(?:${DASH}|[A-FU-Y])`;
const DAY_MONTH = `(?:0${GAP}[1-9]|[12]${GAP}\\d|3${GAP}[01])${GAP}(?:0${GAP}[1-9]|1${GAP}[0-2])`;

/**
 * Shapes of Finnish personal identity codes: 010190-999P, 010190A999P, 01.01.90-999P, 01011990-999P, without the mark, and spaced.
 * The server masks more than this and has the last word; here people are warned before anything leaves the browser.
 */
const CODE = new RegExp(
  [
    `\\d{6}${GAP}${DASH}${GAP}\\d{3}${GAP}[\\dA-Z]`,
    `\\d{6}${GAP}[A-FU-Y]${GAP}\\d{3}${GAP}[\\dA-Z]`,
    `${DAY_MONTH}${GAP}\\d${GAP}\\d${GAP}${MARK}${GAP}\\d${GAP}\\d${GAP}\\d${GAP}[\\dA-Z]`,
    `\\d{1,2}[./]\\d{1,2}[./](?:\\d{2}|\\d{4})${GAP}${MARK}${GAP}\\d{3}[\\dA-Z]`,
    `${DAY_MONTH}${GAP}(?:18|19|20)\\d{2}${GAP}${MARK}?${GAP}\\d{3}[\\dA-Z]`,
    `${DAY_MONTH}${GAP}\\d{2}${GAP}\\d{3}${GAP}[A-Z]`,
  ].map((shape) => `${shape}(?![\\p{L}\\d])`).join("|"),
  "giu",
);
/** `1.5.2026-2027` names a period. */
const PERIOD = /^\d{1,2}[./]\d{1,2}[./]\d{2,4}.?[-+‐‑‒–—−].?(?:19|20)\d\d$/u;

/** Whether a text looks as if it had an identity code in it. @param {string} text */
export function hasIdentity(text) {
  return identities(text).length !== 0;
}

/** The text without what looks like identity codes. @param {string} text */
export function withoutIdentity(text) {
  return identities(text).reduce((rest, code) => rest.replace(code, ""), text).replace(/ {2,}/g, " ").trim();
}

/** @param {string} text @returns {string[]} */
function identities(text) {
  const found = [...text.matchAll(CODE)].filter((match) => !/\d$/.test(text.slice(0, match.index)));
  return found.map((match) => match[0]).filter((code) => !PERIOD.test(code));
}
