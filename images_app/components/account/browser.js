// Later ones also name earlier ones, so the order counts.
const BROWSERS = [[/Edg(e|A|iOS)?\//, "Edge"], [/OPR\//, "Opera"], [/(Firefox|FxiOS)\//, "Firefox"], [/(Chrome|CriOS)\//, "Chrome"], [/Safari\//, "Safari"]];
const SYSTEMS = [[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Windows/, "Windows"], [/Mac OS X/, "Mac"], [/CrOS/, "ChromeOS"], [/Linux/, "Linux"]];

const find = (list, text) => list.find(([pattern]) => pattern.test(text))?.[1];

/** "Firefox on Linux"; what says nothing of the kind is shown as it is. */
export function browserOf(userAgent) {
  const browser = find(BROWSERS, userAgent);
  const system = find(SYSTEMS, userAgent);
  if (browser) return system ? `${browser} on ${system}` : browser;
  return userAgent.slice(0, 60) || "Unknown device";
}
