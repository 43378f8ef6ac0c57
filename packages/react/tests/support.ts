// The real server that the Python test started, and hooks in a page that shows them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook, type RenderHookResult, waitFor } from "@testing-library/react";
import { createElement, type ReactNode, StrictMode } from "react";
import { expect } from "vitest";
import { AeontelClient, AeontelProvider, type AeontelProviderProps, type Image, type UploadedFile, uploadFile } from "../src/index.js";

function env(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these tests are run by tests/contract/test_react_package.py`);
  return value;
}

export const URL_OF_SERVER = env("AEONTEL_URL");
/** May do everything. */
export const TOKEN = env("AEONTEL_TOKEN");
/** May read and write, but not delete. */
export const NO_DELETE = env("AEONTEL_TOKEN_NO_DELETE");
/** A workspace with seven images, which no test changes. */
export const FILLED = env("AEONTEL_WORKSPACE");

/** `waitFor` of a test: what is slow is not wrong. */
export const soon = <T>(check: () => T | Promise<T>): Promise<T> => waitFor(check, { timeout: 45_000, interval: 20 });

/** The hook inside of a provider, in React's strict mode. */
export function show<T>(hook: () => T, props: Partial<AeontelProviderProps> = {}): RenderHookResult<T, unknown> {
  const queries = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) =>
    createElement(QueryClientProvider, { client: queries },
      createElement(AeontelProvider, { baseUrl: URL_OF_SERVER, token: TOKEN, ...props }, children));
  return renderHook(hook, { wrapper: ({ children }) => createElement(StrictMode, null, wrapper({ children })) });
}

export const client = new AeontelClient({ baseUrl: URL_OF_SERVER, token: TOKEN });

/** A new, empty workspace. */
export async function workspace(name: string): Promise<string> {
  const answer = await fetch(`${URL_OF_SERVER}/api/workspaces`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
    body: JSON.stringify({ name }),
  });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}

let taken = 0;

/** A picture that no other test uploads. */
export function photo(): File {
  const number = taken++;
  return new File([readFileSync(join(env("AEONTEL_PHOTOS"), `${number}.jpg`))], `photo ${number}.jpg`, { type: "image/jpeg" });
}

/** Uploads pictures, one after the other, and waits until they are images beside `known` others; oldest first. */
export async function fill(workspaceId: string, count: number, known = 0): Promise<Image[]> {
  const files: UploadedFile[] = [];
  for (let n = 0; n < count; n++) files.push(await uploadFile(client, { workspaceId, file: photo() }));
  return soon(async () => {
    const { data } = await client.get("/api/images", { query: { workspace_id: workspaceId } });
    expect(data).toHaveLength(count + known);
    return files.map(({ id }) => data.find(({ fileId }) => fileId === id)!);
  });
}

/** Real requests whose answers are held back while the gate is shut. */
export class Gate {
  readonly signals: AbortSignal[] = [];
  arrived = 0;
  #open: () => void = () => {};
  #shut: Promise<void> | undefined;
  #which: (method: string, url: string) => boolean = () => true;

  shut(which: (method: string, url: string) => boolean = () => true): void {
    this.#which = which;
    this.#shut = new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#shut = undefined;
    this.#open();
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const held = this.#which(init?.method ?? "GET", String(input)) ? this.#shut : undefined;
    const answer = await fetch(input, init);
    if (held) {
      if (init?.signal) this.signals.push(init.signal);
      this.arrived++;
      await held;
    }
    return answer;
  };
}
