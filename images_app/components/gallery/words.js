/** How numbers, times and failures are said to a person. Names and messages from outside stay plain text. */

const number = new Intl.NumberFormat("en-GB");

export const count = (n) => number.format(n);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

const UNITS = [
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "KB"],
];

/** Decimal units, as cameras and phones count them; one digit after the point below ten. */
export function bytes(n) {
  if (n == null) return "";
  const [unit, name] = UNITS.find(([unit]) => n >= unit * 0.9995) ?? [1, "bytes"];
  if (unit === 1) return `${count(n)} bytes`;
  const value = n / unit;
  return `${value < 99.95 ? (Math.round(value * 10) / 10).toFixed(1) : count(Math.round(value))} ${name}`;
}

/** A limit, never said larger than it is. */
export function limit(n) {
  const [unit, name] = UNITS.find(([unit]) => n >= unit) ?? [1, "bytes"];
  return `${Math.floor((n / unit) * 10) / 10} ${name}`;
}

/** `9.0 of 14.2 MB`: both in the unit of the whole. */
export function bytesOf(part, whole) {
  const [unit] = UNITS.find(([unit]) => whole >= unit * 0.9995) ?? [1];
  const said = bytes(whole);
  const digits = said.includes(".") ? 1 : 0;
  return `${(part / unit).toFixed(unit === 1 ? 0 : digits)} of ${said}`;
}

const format = (options) => {
  const formatter = new Intl.DateTimeFormat("en-GB", options);
  return (at) => {
    const date = new Date(at);
    return Number.isNaN(date.getTime()) ? "" : formatter.format(date);
  };
};
const dayOf = format({ day: "numeric", month: "long", year: "numeric" });
const hour = format({ hour: "2-digit", minute: "2-digit" });

export const month = format({ month: "long", year: "numeric" });
export const day = dayOf;
export const clock = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** `today 14:02`, `yesterday 09:10` or `16 November 2026, 07:41`. */
export function moment(at) {
  const date = new Date(at);
  if (at == null || Number.isNaN(date.getTime())) return "";
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (dayOf(date) === dayOf(today)) return `today ${hour(date)}`;
  if (dayOf(date) === dayOf(yesterday)) return `yesterday ${hour(date)}`;
  return `${dayOf(date)}, ${hour(date)}`;
}

/** A camera's clock knows no zone: what it wrote is shown as it stands. */
export function wallClock(at) {
  const date = new Date(at);
  if (at == null || Number.isNaN(date.getTime())) return "";
  const options = { timeZone: "UTC", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat("en-GB", options).format(date).replace(" at ", ", ");
}

export function seconds(n) {
  if (n < 60) return `${Math.max(1, Math.round(n))} s`;
  return n < 3600 ? `${Math.round(n / 60)} min` : `${Math.round(n / 3600)} h`;
}

export const until = (at) => Math.max(0, Math.ceil((new Date(at).getTime() - Date.now()) / 1000));

const SAID = {
  not_an_image: "Not a picture inside. Kept in Files.",
  image_damaged: "The picture is damaged. The file is kept as it is.",
  image_too_large: "The picture has too many pixels. The file is safe.",
  svg_refused: "This SVG cannot be made safe to show. Kept in Files.",
  media_unavailable: "The picture could not be read this time. The file is safe.",
  object_missing: "The stored file cannot be read. Upload it again.",
  interrupted: "The server ended each time while it worked on this picture. The file is safe.",
  empty_file: "The file is empty. Nothing was stored.",
  unreadable_file: "The file cannot be read on this device. Nothing was stored.",
  unauthenticated: "Your session ended. Nothing was stored.",
  forbidden: "You may not add files here. Nothing was stored.",
  not_found: "This workspace is gone or no longer yours. Nothing was stored.",
  idempotency_conflict: "The file changed while it was sent. Add it again.",
  unreachable: "The server cannot be reached. Nothing was stored yet.",
};

/** Of an upload that broke without an answer that says why. */
export const UNSENT = "The upload broke. Send it again: no file is stored twice.";

/** What happened, whether the file is safe, what to do. `error`: {code, message, attempts?, size?, limit?}. */
export function failure(error) {
  if (!error) return "Something went wrong. The file is safe.";
  if (error.code === "file_too_large" && error.limit) {
    const actual = error.size ? `This file is ${bytes(error.size)}. ` : "";
    return `${actual}The most is ${limit(error.limit)}. Export it smaller.`;
  }
  if (error.code === "quota_exceeded" && error.limit) {
    const most = error.resource === "files" ? plural(error.limit, "file") : limit(error.limit);
    return `The workspace is full: it may hold ${most}. Nothing was stored: empty the trash, or ask for more.`;
  }
  if (SAID[error.code]) return SAID[error.code];
  if (error.attempts > 1) return `No answer in ${error.attempts} tries. The file is safe.`;
  return error.message || "Something went wrong. The file is safe.";
}

/** Between two attempts; without a time until provisioning, which is paused, goes on. */
export function waiting(nextAttemptAt, busy = true) {
  if (!nextAttemptAt) return "Waiting until Cloudflare takes pictures again.";
  const left = until(nextAttemptAt);
  const next = left > 0 ? `Next try in ${seconds(left)}.` : "Trying again.";
  return `${busy ? "Cloudflare is busy. " : ""}${next}`;
}
