import { AeontelError, useAeontelClient } from "@aeontel/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Gallery } from "./Gallery";
import { Uploads } from "./Uploads";

/** Everything of one workspace, and the choice of which. */
export function Workspace({ onLeave }: { onLeave: () => void }) {
  const client = useAeontelClient();
  const me = useQuery({
    queryKey: ["me", client.id],
    queryFn: ({ signal }) => client.get("/api/me", { signal }),
    retry: false,
  });
  const [chosen, choose] = useState<string>();
  const leave = <button onClick={onLeave}>Leave</button>;
  if (me.isPending) return <main className="enter" aria-busy="true" />;
  if (me.isError) return <Refused error={me.error}>{leave}</Refused>;

  const { workspaces } = me.data;
  const id = chosen ?? workspaces[0]?.id;
  if (!id) return <Refused error={new Error("This token reaches no workspace.")}>{leave}</Refused>;
  return (
    <Uploads workspaceId={id}>
      {(uploads) => (
        <>
          <header>
            <h1>Gallery</h1>
            <select aria-label="Workspace" value={id} onChange={(event) => choose(event.target.value)}>
              {workspaces.map((workspace) => <option key={workspace.id} value={workspace.id}>{workspace.name}</option>)}
            </select>
            <span className="grow" />
            {uploads.button}
            {leave}
          </header>
          <main>
            {uploads.rows}
            <Gallery key={id} workspaceId={id} />
          </main>
        </>
      )}
    </Uploads>
  );
}

function Refused({ error, children }: { error: Error; children: React.ReactNode }) {
  const isUnknown = error instanceof AeontelError && error.status === 401;
  return (
    <main className="enter">
      <div className="face" role="alert">
        <h1>{isUnknown ? "The server does not know this token" : "This did not work"}</h1>
        <p>{error.message}</p>
        {children}
      </div>
    </main>
  );
}
