/** EXIF as words. Everything in it was written by whoever made the file: it is only ever shown as text. */

const LONGEST = 120;

export function text(value) {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value !== "string") return "";
  return value.replace(/[\u0000-\u001f\u007f]/g, " ").trim().slice(0, LONGEST);
}

/** A rational arrives as a number, as [over, under] or as "over/under". */
export function rational(value) {
  if (typeof value === "string") value = value.split("/").map(Number);
  if (Array.isArray(value)) value = value.length > 1 ? value[0] / value[1] : value[0];
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : null;
}

const short = (n) => String(Math.round(n * 10) / 10);

export function camera({ Make, Model } = {}) {
  const [make, model] = [text(Make), text(Model)];
  return model.toLowerCase().startsWith(make.toLowerCase()) ? model : `${make} ${model}`.trim();
}

/** [[value, unit]] of what is known, for the tiles. */
export function exposure(exif) {
  const time = rational(exif.ExposureTime);
  const stop = rational(exif.FNumber);
  const iso = rational(exif.PhotographicSensitivity ?? exif.ISOSpeedRatings ?? exif.ISO);
  const focal = rational(exif.FocalLength);
  return [
    time && [time < 0.4 ? `1/${Math.round(1 / time)}` : short(time), "second"],
    stop && [`f/${short(stop)}`, "aperture"],
    iso && [String(Math.round(iso)), "ISO"],
    focal && [`${short(focal)} mm`, "focal"],
  ].filter(Boolean);
}

export const lens = (exif) => text(exif.LensModel);
export const hasPlace = (exif) => Object.keys(exif).some((tag) => tag.startsWith("GPS"));
