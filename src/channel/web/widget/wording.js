export const LANGS = /** @type {Lang[]} */ (["fi", "sv", "en"]);
export const LANG_NAMES = { fi: "Suomeksi", sv: "På svenska", en: "In English" };
const LOCALES = { fi: "fi-FI", sv: "sv-FI", en: "en-GB" };
const ZONE = "Europe/Helsinki";

/** The texts of one language, with numbers, dates and times as it writes them. */
export class Wording {
  /** @param {Config} config @param {Lang} lang */
  constructor(config, lang) {
    this.lang = lang;
    this.texts = config.texts[lang] || {};
    this.plurals = new Intl.PluralRules(LOCALES[lang]);
  }

  /**
   * A text with its places filled in; a text that the content lacks is empty.
   * @param {string} id @param {Record<string, string | number>} [fill]
   */
  say(id, fill = {}) {
    return (this.texts[id] || "").replace(/\{(\w+)\}/g, (_, name) => String(fill[name] ?? ""));
  }

  /** The form of a text for a number. @param {string} id @param {number} n */
  plural(id, n) {
    const [one, other] = (this.texts[id] || "").split("¦");
    const form = this.plurals.select(n) === "one" ? one : other || one;
    return form.trim().replaceAll("{n}", new Intl.NumberFormat(LOCALES[this.lang]).format(n));
  }

  /** A day. @param {string} iso */
  date(iso) {
    const long = this.lang === "en" ? { day: "numeric", month: "long", year: "numeric" } : { dateStyle: "short" };
    const format = new Intl.DateTimeFormat(LOCALES[this.lang], { .../** @type {Intl.DateTimeFormatOptions} */ (long), timeZone: "UTC" });
    return format.format(new Date(`${iso}T00:00:00Z`));
  }

  /** A time of day in Finland. @param {string} iso */
  time(iso) {
    return new Intl.DateTimeFormat(LOCALES[this.lang], { timeStyle: "short", timeZone: ZONE }).format(new Date(iso));
  }

  /** A day and a time in Finland. @param {string} iso */
  moment(iso) {
    return new Intl.DateTimeFormat(LOCALES[this.lang], { dateStyle: "long", timeStyle: "short", timeZone: ZONE }).format(new Date(iso));
  }
}

/** The language of ours that a tag names. @param {string | null | undefined} tag @returns {Lang | null} */
export function langOf(tag) {
  const short = (tag || "").slice(0, 2).toLowerCase();
  return LANGS.find((lang) => lang === short) || null;
}
