/** What a person can do with pictures and files, with what is said about it and how it is taken back. */
import { api, inTurn } from "./api.js";
import { say } from "./toasts.js";
import { count, plural } from "./words.js";

const failed = (results) => results.filter(({ error }) => error && error.status !== 404);
const reason = (results) => results[0].error.message;

/** A picture that comes back stands in its place meanwhile, in its shape. */
function known({ width, height, thumbhash, createdAt }) {
  return { ratio: width && height ? width / height : null, thumbhash, createdAt, placed: true };
}

export function createActions({ collection, files, signer, onChanged }) {
  /** Takes the pictures out at once; what the server refuses comes back with its reason. */
  async function takeOut(items, work) {
    collection.remove(items.map(({ id }) => id));
    const results = await inTurn(items, work);
    const back = failed(results);
    collection.insert(...back.map(({ item }) => item));
    onChanged();
    return { back, done: items.length - back.length };
  }

  async function undo(items, work, what) {
    const results = await inTurn(items, work);
    results.forEach(({ item, error }) => error || collection.forgive(item.id));
    results.forEach(({ item, value }) => value?.provisioning && files.adopt(value, known(item)));
    const wrong = failed(results);
    if (wrong.length) say(`${plural(wrong.length, what)} could not be brought back. ${reason(wrong)}`, { bad: true });
  }

  return {
    async remove(items) {
      const { back, done } = await takeOut(items, ({ id }) => api.removeImage(id));
      const again = () => undo(items, ({ fileId }) => api.retryFile(fileId), "image");
      if (done) say(`${plural(done, "image")} removed from the gallery`, { action: { label: "Undo", run: again } });
      if (back.length) say(`${plural(back.length, "image")} could not be removed. ${reason(back)}`, { bad: true });
    },

    async trash(items) {
      const { back, done } = await takeOut(items, ({ fileId }) => api.trashFile(fileId));
      const again = () => undo(items, ({ fileId }) => api.restoreFile(fileId), "file");
      if (done) say(`${plural(done, "file")} moved to trash`, { action: { label: "Undo", run: again } });
      if (back.length) say(`${plural(back.length, "file")} could not be moved. ${reason(back)}`, { bad: true });
    },

    /** A file that did not get into the gallery. */
    async discard(entry) {
      files.remove(entry.key);
      try {
        await api.trashFile(entry.fileId);
        const back = () => api.restoreFile(entry.fileId).then((file) => files.adopt(file)).catch(() => {});
        say("1 file moved to trash", { action: { label: "Undo", run: back } });
      } catch (error) {
        if (error.status === 404) return;
        files.put(entry);
        say(`The file could not be moved. ${error.message}`, { bad: true });
      }
    },

    async retry(entry) {
      files.patch(entry.key, { status: "processing", error: null });
      try {
        files.stored(entry.key, await api.retryFile(entry.fileId));
      } catch (error) {
        if (error.code === "not_retryable") return refresh(entry);
        files.patch(entry.key, { status: "failed", error: entry.error });
        say(`Could not try again. ${error.message}`, { bad: true });
      }
    },

    async copyLinks(items) {
      const good = await signer.fresh(items); // what is out of sight may have run out
      await copy(good.map(({ url }) => url).join("\n"), `${plural(items.length, "link")} copied`);
    },

    download(item) {
      const link = document.createElement("a");
      link.href = api.originalUrl(item.fileId);
      link.download = "";
      link.click();
    },
  };

  async function refresh(entry) {
    const file = await api.file(entry.fileId).catch(() => null);
    if (!file || file.imageId) files.remove(entry.key);
    else files.stored(entry.key, file);
  }
}

export async function copy(text, said = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
    say(said);
  } catch {
    say("The browser did not allow copying.", { bad: true });
  }
}

/** The words of the question before files go to the trash. */
export function trashQuestion(n, days) {
  const many = n === 1 ? "file" : "files";
  const until = days
    ? ` until ${new Intl.DateTimeFormat("en-GB", { dateStyle: "long" }).format(Date.now() + days * 86_400_000)}`
    : " from the trash";
  const them = n === 1 ? "Its picture leaves the gallery and links to it stop" : "Their pictures leave the gallery and links to them stop";
  return {
    title: `Move ${count(n)} ${many} to trash?`,
    text: `${them} working, some only after an hour. You can restore the ${many}${until}.`,
    keep: n === 1 ? "Keep it" : "Keep them",
    act: `Move ${count(n)} ${many} to trash`,
  };
}
