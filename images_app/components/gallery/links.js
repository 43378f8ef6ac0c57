/** What people paste: every form of a picture's address. */

const attribute = (text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const markdownText = (text) => text.replace(/([\\[\]*_`<>])/g, "\\$1");

export function markdown({ name, url }) {
  return `![${markdownText(name)}](<${url}>)`;
}

export function html({ url, width, height }) {
  const size = width && height ? ` width="${width}" height="${height}"` : "";
  return `<img src="${attribute(url)}"${size} alt="" loading="lazy">`;
}
