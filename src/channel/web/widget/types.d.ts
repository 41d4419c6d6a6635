/** Put before the modules by the server. */
declare const BAKED: Config;
declare const STYLES: string;

type Lang = "fi" | "sv" | "en";
type Config = {
  version: string;
  features: { handoff: boolean; callback: boolean };
  chars_max: number;
  retention_days: number;
  texts: Record<Lang, Record<string, string>>;
  starters: Partial<Record<Lang, string[]>>;
};
type Topic = { topic: string; title: string };
type Citation = { topic: string; title: string; url: string; checked: string; version: string };
/** One event of a conversation. Kinds and fields that are not known are left alone. */
type ChatEvent = {
  kind: string;
  seq: number;
  at: string;
  lang?: Lang;
  text?: string;
  markdown?: string;
  id?: string;
  name?: string;
  outcome?: string;
  citation?: Citation | null;
  choices?: Topic[];
  next?: Topic[];
  state?: string;
  position?: number | null;
  estimate_minutes?: number | null;
  expert?: string | null;
  partner?: string;
  title?: string;
};
/** A message that the server has not confirmed. */
type Unsent = { id: string; text: string; lang: Lang; state: "sending" | "waiting" | "refused" };
type Rated = { rating: "up" | "down"; words: string };
type Slot = { slot: string; starts_at: string; minutes: number };
/** A call that was asked for. */
type Called = Slot & { lang: Lang; interpreter: boolean; topic: string; claimed: boolean };
