/** Files out of a drop, a paste or a folder. */

/** Browsers hand over at most 100 entries of a folder at a time: read until nothing more comes. */
async function readAll(directory) {
  const reader = directory.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return entries;
    entries.push(...some);
  }
}

async function filesOf(entry) {
  try {
    if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
    const found = [];
    for (const child of await readAll(entry)) found.push(...(await filesOf(child)));
    return found;
  } catch {
    return []; // vanished or not readable since it was picked up
  }
}

const isJunk = ({ name }) => name === ".DS_Store" || name === "Thumbs.db" || name === "desktop.ini" || name.startsWith("._");

/** The DataTransfer is only readable during the event: entries are taken out before the first await. */
export async function filesFrom(transfer) {
  const entries = [...transfer.items].filter(({ kind }) => kind === "file").map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return plain.filter((file) => !isJunk(file));
  const found = [];
  for (const entry of entries) if (entry) found.push(...(await filesOf(entry)));
  return found.filter((file) => !isJunk(file));
}

export const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** Whether keys typed now belong to a field. */
export function inField(target) {
  return Boolean(target?.closest?.("input, textarea, select, [contenteditable=''], [contenteditable=true]"));
}

/** Opens the system's picker; answers the chosen files, or none. */
export function pick({ folder = false } = {}) {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.webkitdirectory = folder;
    input.style.display = "none";
    const finish = () => {
      resolve([...(input.files ?? [])].filter((file) => !isJunk(file)));
      input.remove();
    };
    input.addEventListener("change", finish);
    input.addEventListener("cancel", finish);
    input.dataset.role = "upload-picker";
    document.body.append(input);
    input.click();
  });
}
