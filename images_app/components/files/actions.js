// What a person can do with a file of the lists, what is said about it, and how it is taken back.

import { api, request } from "../gallery/api.js";
import { say } from "../gallery/toasts.js";
import { changed } from "../lib/useRest.js";

const wrong = (what, error) => say(`${what} ${error.message}`, { bad: true });

/** `again(fileId)` asks for the file's present row; `gone(fileId)` takes it out of the list; `ask(question)` asks the
 *  person first. */
export function createActions({ again, gone, back, ask }) {
  async function attempt(what, work) {
    try {
      return (await work()) ?? true;
    } catch (error) {
      // 401 is answered by asking to sign in again; 404 and 409 mean that somebody was faster.
      if (error.status !== 401) wrong(what, error);
      return null;
    }
  }

  async function restore({ id, name }) {
    if (!(await attempt(`${name} could not be restored.`, () => api.restoreFile(id)))) return;
    gone(id);
    say(`${name} restored`);
  }

  return {
    async retry({ id, name }) {
      await attempt(`${name}: no new try.`, () => api.retryFile(id));
      again(id);
    },

    async remove({ id, name }) {
      const done = await attempt(`${name} could not be removed.`, () => api.removeImage(id.replace(/^fil_/, "img_")));
      again(id);
      if (!done) return;
      const undo = async () => {
        await attempt(`${name} could not be brought back.`, () => api.retryFile(id));
        again(id);
      };
      say(`${name} removed from the gallery`, { action: { label: "Undo", run: undo } });
    },

    async trash({ id, name }) {
      if (!(await attempt(`${name} could not be moved.`, () => api.trashFile(id)))) return;
      gone(id);
      const undo = async () => {
        if (await attempt(`${name} could not be restored.`, () => api.restoreFile(id))) back?.(id);
      };
      say(`${name} moved to trash`, { action: { label: "Undo", run: undo } });
    },

    restore,

    purge: ({ id, name }) =>
      ask({
        title: `Delete ${name} for good?`,
        text: "The file is deleted from this workspace and cannot be brought back.",
        keep: "Keep it", act: "Delete for good",
        async onAct() {
          await request("DELETE", `/api/files/${id}?trash=1`).catch((problem) => {
            if (problem.status !== 404) throw problem; // gone already is what was wanted
          });
          gone(id);
          changed("trash");
          say(`${name} deleted for good`);
        },
      }),

    download: ({ id }) => window.location.assign(api.originalUrl(id)),
  };
}
