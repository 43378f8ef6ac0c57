import { useUploadFile } from "@aeontel/react";
import { type ReactNode, useEffect, useRef, useState } from "react";

interface Parts {
  button: ReactNode;
  rows: ReactNode;
}

/** The button that takes files, and a row for each that is on its way. */
export function Uploads({ workspaceId, children }: { workspaceId: string; children: (parts: Parts) => ReactNode }) {
  const [taken, setTaken] = useState<{ key: number; file: File; workspaceId: string }[]>([]);
  const next = useRef(0);
  const picker = useRef<HTMLInputElement>(null);

  const take = (files: Iterable<File>) =>
    setTaken((was) => [...was, ...Array.from(files, (file) => ({ key: next.current++, file, workspaceId }))]);
  const drop = (key: number) => setTaken((was) => was.filter((row) => row.key !== key));

  const button = (
    <>
      <input
        ref={picker} type="file" multiple hidden aria-label="Files" onChange={(event) => {
          take(event.target.files ?? []);
          event.target.value = "";
        }}
      />
      <button className="main" onClick={() => picker.current?.click()}>Upload</button>
    </>
  );
  const rows = taken.length > 0 && (
    <ul className="uploads" aria-label="Uploads">
      {taken.map(({ key, ...upload }) => <Row key={key} {...upload} onDone={() => drop(key)} />)}
    </ul>
  );
  return children({ button, rows });
}

function Row({ file, workspaceId, onDone }: { file: File; workspaceId: string; onDone: () => void }) {
  const { mutate, progress, error, cancel } = useUploadFile();
  const begun = useRef(false);
  const done = useRef(onDone);
  done.current = onDone;
  useEffect(() => {
    if (begun.current) return; // strict mode runs effects twice
    begun.current = true;
    mutate({ file, workspaceId }, { onSuccess: () => done.current() });
  }, [mutate, file, workspaceId]);

  return (
    <li>
      <span className="name">{file.name}</span>
      {error
        ? <span className="bad">{error.message}</span>
        : <progress aria-label={`Upload of ${file.name}`} value={progress?.fraction ?? 0} />}
      {error && <button onClick={() => mutate({ file, workspaceId }, { onSuccess: () => done.current() })}>Retry</button>}
      <button onClick={() => { cancel(); onDone(); }}>{error ? "Close" : "Cancel"}</button>
    </li>
  );
}
