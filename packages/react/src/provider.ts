"use client";

import { useQueryClient } from "@tanstack/react-query";
import {
  createContext, createElement, type ReactNode, useContext, useEffect, useMemo, useRef, useSyncExternalStore,
} from "react";
import { keys } from "./cache.js";
import { AeontelClient, type ClientOptions } from "./client/client.js";
import { EventStream, type LiveState } from "./client/stream.js";
import { HEARD_OF, keepTrue } from "./live.js";

interface Aeontel {
  client: AeontelClient;
  stream: EventStream;
}

const Context = createContext<Aeontel | null>(null);

export interface AeontelProviderProps extends ClientOptions {
  children?: ReactNode;
}

/**
 * Whose images the hooks below show. Must be inside of a QueryClientProvider. Another `baseUrl` or `token` (as text)
 * begins anew: nothing that the former was answered is kept. `token` and `fetch` as functions may change at any time.
 */
export function AeontelProvider({ baseUrl, token, fetch: own, children }: AeontelProviderProps): ReactNode {
  const queries = useQueryClient();
  const now = useRef({ token, own });
  useEffect(() => {
    now.current = { token, own };
  });
  const text = typeof token === "string" ? token : undefined;
  const asks = typeof token === "function";
  const aeontel = useMemo(() => {
    const client = new AeontelClient({
      baseUrl,
      token: asks ? () => (typeof now.current.token === "function" ? now.current.token() : "") : text,
      fetch: (input, init) => (now.current.own ?? fetch)(input, init),
    });
    return { client, stream: new EventStream(client, { type: HEARD_OF }) };
  }, [baseUrl, text, asks]);

  useEffect(() => aeontel.stream.listen(keepTrue(queries, aeontel.client)), [aeontel, queries]);
  const former = useRef(aeontel.client);
  useEffect(() => {
    if (former.current !== aeontel.client) queries.removeQueries({ queryKey: keys.all(former.current) });
    former.current = aeontel.client;
  }, [aeontel, queries]);
  return createElement(Context.Provider, { value: aeontel }, children);
}

/** The client of the nearest AeontelProvider, for what there is no hook for. */
export function useAeontelClient(): AeontelClient {
  return useAeontel().client;
}

/** What the nearest AeontelProvider has. */
export function useAeontel(): Aeontel {
  const found = useContext(Context);
  if (!found) throw new Error("The hooks of @aeontel/react need an <AeontelProvider> around them.");
  return found;
}

/** Holds the stream open while the component is there and `wanted`; what state it is in. */
export function useLive(wanted: boolean): LiveState {
  const { stream } = useAeontel();
  useEffect(() => (wanted ? stream.hold() : undefined), [stream, wanted]);
  return useSyncExternalStore(
    stream.watch,
    () => (wanted ? stream.state : "idle"),
    () => "idle",
  );
}
