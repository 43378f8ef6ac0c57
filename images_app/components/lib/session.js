// Signing in, signing out, and getting the page going again after either.

import { client } from "../gallery/api.js";

const TAB_KEY = "token"; // where Reflex keeps the name of this tab's state

/** Signing in did not work; the message is for the person who tried. */
export class SignInError extends Error {}

/** Signs in; answers the user. Raises SignInError. The password goes into this one request and nowhere else. */
export async function signIn(email, password) {
  try {
    return (await client.request("POST", "/api/session", { body: { email, password } })).user;
  } catch (problem) {
    throw new SignInError(refusal(problem));
  }
}

function refusal({ status, retryAfter = 60 }) {
  if (status === 0) return "The server cannot be reached. Check your connection and try again.";
  if (status === 429) {
    const minutes = Math.max(1, Math.ceil(retryAfter / 60));
    return `Too many tries. Wait ${minutes === 1 ? "a minute" : `${minutes} minutes`}, or ask an owner.`;
  }
  // 400: such an address or password cannot exist, which is the same news.
  if (status === 401 || status === 400) return "That email and password do not match. Check both and try again.";
  return "Signing in did not work, and it is not your password. Try again in a moment.";
}

/** Ends the session and leaves. Answers false when the server could not be asked, and then nothing has changed. */
export async function signOut() {
  const problem = await client.request("DELETE", "/api/session").then(() => null, (error) => error);
  if (problem && problem.status !== 401) return false;
  leave("/login");
  return true;
}

/** A full navigation, because the websocket learns of a new cookie only when it connects. The next user of this tab
 *  must not be handed what this one had loaded, so the tab gets a new name. */
export function leave(path) {
  window.sessionStorage.removeItem(TAB_KEY);
  window.location.assign(path);
}

/** Connects the websocket again, with today's cookie, without leaving the page. Reflex does so itself when a tab comes
 *  back from the browser's back-forward cache; these are the two events it listens to. */
export function reconnect() {
  window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
  window.setTimeout(() => document.dispatchEvent(new Event("visibilitychange")), 50);
}

/** `next` when it is a page of ours, otherwise the front page. */
export function safeNext(next) {
  if (!next?.startsWith("/")) return "/";
  const url = new URL(next, window.location.origin);
  const isOurs = url.origin === window.location.origin && url.pathname !== "/login" && !url.pathname.startsWith("/api/");
  return isOurs ? url.pathname + url.search + url.hash : "/";
}
