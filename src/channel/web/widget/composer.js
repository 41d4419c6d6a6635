import { h, icon } from "./dom.js";
import { hasIdentity, withoutIdentity } from "./identity.js";

/** Characters that are left when the counter shows. */
const LEFT_N = 200;

/** Where people write: grows with the text, counts near the limit, warns of identity codes before anything is sent. */
export class Composer {
  /** @param {number} charsMax @param {(text: string) => boolean} send @param {(text: string) => void} notify */
  constructor(charsMax, send, notify) {
    this.charsMax = charsMax;
    this.send = send;
    this.notify = notify;
    this.warned = false;
    /** @type {import("./wording.js").Wording | null} */
    this.t = null;
    this.label = h("label", { for: "question" });
    this.area = h("textarea", { id: "question", rows: 1, enterkeyhint: "send", autocomplete: "off", "aria-describedby": "hint warning count" });
    this.button = h("button", { type: "submit", class: "send" });
    this.hint = h("p", { id: "hint", class: "hint" });
    this.count = h("p", { id: "count", class: "hint" });
    this.warning = h("div", { id: "warning", class: "warning", role: "alert" });
    this.remove = h("button", { type: "button", class: "plain", onclick: () => this.clean() });
    this.form = h("form", { class: "composer", novalidate: true, onsubmit: (/** @type {Event} */ submitted) => this.submit(submitted) },
      this.warning, this.label, h("div", { class: "row" }, this.area, this.button), h("div", { class: "below" }, this.hint, this.count));
    this.area.addEventListener("input", () => this.look());
    this.area.addEventListener("keydown", (pressed) => {
      if (pressed.key === "Enter" && !pressed.shiftKey && !pressed.isComposing) this.submit(pressed);
    });
  }

  /** @param {import("./wording.js").Wording} t */
  speak(t) {
    this.t = t;
    this.form.lang = t.lang;
    this.label.textContent = t.say("input");
    this.button.replaceChildren(icon("send"), h("span", {}, t.say("send")));
    this.hint.textContent = t.say("hint");
    this.remove.textContent = t.say("identity-remove");
    this.warning.replaceChildren();
    this.warned = false;
    this.look();
  }

  /** Looks at what is written. */
  look() {
    const { t, area } = this;
    if (!t) return;
    const left = this.charsMax - [...area.value].length;
    this.count.textContent = left < 0 ? t.plural("chars-over", -left) : left <= LEFT_N ? t.plural("chars-left", left) : "";
    area.setAttribute("aria-invalid", String(left < 0));
    const warns = hasIdentity(area.value);
    if (warns !== this.warned) this.warning.replaceChildren(...(warns ? [h("p", {}, t.say("identity")), this.remove] : []));
    this.warned = warns;
    // The rows that the text needs, without touching styles.
    const lines = area.value.split("\n").reduce((n, line) => n + Math.max(1, Math.ceil(line.length / 38)), 0);
    area.rows = Math.min(6, Math.max(1, lines));
  }

  clean() {
    this.area.value = withoutIdentity(this.area.value);
    this.look();
    this.area.focus();
  }

  /** @param {Event} submitted */
  submit(submitted) {
    submitted.preventDefault();
    const { t } = this;
    const text = this.area.value.trim();
    const over = [...this.area.value].length - this.charsMax;
    if (!t) return;
    if (!text) this.notify(t.say("empty"));
    else if (0 < over) this.notify(t.plural("chars-over", over));
    else if (this.send(text)) {
      this.area.value = "";
      this.look();
    }
  }
}
