import { AeontelProvider } from "@aeontel/react";
import { type FormEvent, useState } from "react";
import { Workspace } from "./Workspace";

/** The address and the token live in this state and nowhere else: a reload forgets them. */
export function App() {
  const [given, setGiven] = useState<{ baseUrl: string; token: string } | null>(null);
  if (!given) return <Enter onEnter={(baseUrl, token) => setGiven({ baseUrl, token })} />;
  return (
    <AeontelProvider baseUrl={given.baseUrl} token={given.token}>
      <Workspace onLeave={() => setGiven(null)} />
    </AeontelProvider>
  );
}

function Enter({ onEnter }: { onEnter: (baseUrl: string, token: string) => void }) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    onEnter(String(form.get("url")), String(form.get("token")).trim());
  }
  return (
    <main className="enter">
      <form onSubmit={submit}>
        <h1>Gallery</h1>
        <p>The images of an Aeontel server, as its React hooks show them.</p>
        <label>
          Server
          <input name="url" type="url" required defaultValue="http://localhost:3000" />
        </label>
        <label>
          Token
          <input name="token" type="password" required autoComplete="off" />
        </label>
        <button className="main">Open</button>
      </form>
    </main>
  );
}
