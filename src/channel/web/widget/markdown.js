import { h } from "./dom.js";

/* No look-behind: older Safari cannot read a script that has it. */
const INLINE = /\[([^\]]+)\]\((https:\/\/[^\s)]+)\)|\*\*([^*]+)\*\*|((?:0\d{1,3}|\+358)(?: ?\d{2,4}){2,4}|112|116 ?\d{3})(?![\d\p{L}])|(kela\.fi(?:\/[a-z0-9/-]*[a-z0-9])?)/giu;
const WITHIN_WORD = /[\p{L}\d@./-]$/u;

/**
 * The small Markdown of the content: paragraphs, headings, lists, links, bold. Phone numbers can be tapped. Everything becomes text
 * nodes, nothing markup.
 * @param {string} markdown
 * @param {string} newTab what is said of a link that opens elsewhere
 */
export function render(markdown, newTab) {
  const made = document.createDocumentFragment();
  let block = /** @type {HTMLElement | null} */ (null);
  for (const raw of markdown.split("\n")) {
    const line = raw.trim();
    const heading = /^#{1,4}\s+(.*)/.exec(line);
    const item = /^(?:[-*]|(\d+)\.)\s+(.*)/.exec(line);
    if (!line) {
      block = null;
    } else if (heading) {
      made.append(inline(heading[1], h("h4"), newTab));
      block = null;
    } else if (item) {
      const name = item[1] ? "ol" : "ul";
      if (block?.localName !== name) made.append((block = h(name, { start: item[1] && item[1] !== "1" ? item[1] : false })));
      block.append(inline(item[2], h("li"), newTab));
    } else if (block && block.localName !== "p" && block.lastElementChild) {
      inline(` ${line}`, /** @type {HTMLElement} */ (block.lastElementChild), newTab);
    } else if (block) {
      inline(` ${line}`, block, newTab);
    } else {
      made.append((block = inline(line, h("p"), newTab)));
    }
  }
  return made;
}

/** The numbers that a text asks to call. @param {string} text */
export function phones(text) {
  return [...new Set(pieces(text).map((match) => match[4]).filter(Boolean))];
}

/** What is more than text; numbers and sites only where they are words of their own. @param {string} text */
function pieces(text) {
  return [...text.matchAll(INLINE)].filter((found) => {
    const bare = found[4] || found[5];
    return !bare || !WITHIN_WORD.test(text.slice(0, found.index));
  });
}

/** @param {string} number */
export function tel(number) {
  return `tel:${number.replaceAll(" ", "")}`;
}

/** A link that opens in a new tab and says so. @param {string} url @param {string} words @param {string} newTab */
export function link(url, words, newTab) {
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words, h("span", { class: "away" }, ` (${newTab})`));
}

/** @template {HTMLElement} T @param {string} text @param {T} parent @param {string} newTab @returns {T} */
function inline(text, parent, newTab) {
  let at = 0;
  for (const found of pieces(text)) {
    const [whole, words, url, strong, number, site] = found;
    parent.append(text.slice(at, found.index));
    if (url) parent.append(link(url, words, newTab));
    else if (site) parent.append(link(`https://www.${site}`, site, newTab));
    else if (number) parent.append(h("a", { href: tel(number), class: "tel" }, number));
    else parent.append(h("strong", {}, strong));
    at = /** @type {number} */ (found.index) + whole.length;
  }
  parent.append(text.slice(at));
  return parent;
}
