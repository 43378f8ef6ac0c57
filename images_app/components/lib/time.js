// Short forms of a moment, for columns and logs. Always the reader's own zone: the server does not know it.

const written = (options) => {
  const formatter = new Intl.DateTimeFormat("en-GB", options);
  return (date) => formatter.format(date);
};
const clock = written({ hour: "2-digit", minute: "2-digit" });
const clockSeconds = written({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = written({ day: "numeric", month: "short" });
const dayOfYear = written({ day: "numeric", month: "short", year: "numeric" });
const longDay = written({ day: "numeric", month: "long", year: "numeric" });
const everything = written({ dateStyle: "full", timeStyle: "long" });

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** Calendar days from one moment to another. */
export const daysBetween = (from, to) => Math.round((midnight(to) - midnight(from)) / 86_400_000);

const dayIn = (date, now) => (date.getFullYear() === now.getFullYear() ? day(date) : dayOfYear(date));

const AGO = [
  [60, "minute", 60],
  [3_600, "hour", 24],
];

/** 1 minute ago, 5 hours ago; null when it is longer ago than the clock tells well */
function ago(date, now) {
  const seconds = (now - date) / 1000;
  if (seconds < 60) return "Just now";
  const [unit, name] = AGO.find(([unit, , most]) => seconds < unit * most) ?? [];
  if (!unit || (name === "hour" && daysBetween(date, now) > 0)) return null;
  const n = Math.floor(seconds / unit);
  return `${n} ${n === 1 ? name : `${name}s`} ago`;
}

const FORMS = {
  /** Today, Yesterday, 18 February 2027 */
  dayName(date, now) {
    const days = daysBetween(date, now);
    return days === 0 ? "Today" : days === 1 ? "Yesterday" : longDay(date);
  },
  /** today 13:40, inside a sentence */
  inner: (date, now) => FORMS.day(date, now).replace(/^[TY]/, (letter) => letter.toLowerCase()),
  /** 30 Jun 2026 */
  date: (date) => dayOfYear(date),
  /** 18 February 2027 */
  long: (date) => longDay(date),
  /** 14:02, for a list that says the day itself */
  clock: (date) => clock(date),
  /** Just now, 2 minutes ago, Yesterday, 14 Sep 2026 */
  ago: (date, now) => ago(date, now) ?? (daysBetween(date, now) === 1 ? "Yesterday" : dayOfYear(date)),
  /** 14:02, Yesterday, 14 Nov, 14 Nov 2025 */
  short(date, now) {
    const days = daysBetween(date, now);
    if (days === 0) return clock(date);
    return days === 1 ? "Yesterday" : dayIn(date, now);
  },
  /** Today 13:40, Yesterday 09:12, 14 Nov 18:00 */
  day(date, now) {
    const days = daysBetween(date, now);
    return `${days === 0 ? "Today" : days === 1 ? "Yesterday" : dayIn(date, now)} ${clock(date)}`;
  },
  /** 13:40:05, with the day before it when that was another */
  exact(date, now) {
    return daysBetween(date, now) === 0 ? clockSeconds(date) : `${dayIn(date, now)} ${clockSeconds(date)}`;
  },
};

/** @returns {{said: string, full: string}} the short form, and all of it for a tooltip; empty for no date */
export function say(at, form, now = new Date()) {
  const date = new Date(at);
  if (!at || Number.isNaN(date.getTime())) return { said: "", full: "" };
  return { said: FORMS[form](date, now), full: everything(date) };
}
