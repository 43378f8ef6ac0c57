import { useState } from "react";
import { Menu } from "../lib/Menu.jsx";
import { ChevronsUpDown, Plus } from "../lib/icons.js";
import { NewWorkspace } from "./CreateWorkspace.jsx";

export const initial = (name) => [...name.trim()][0]?.toUpperCase() ?? "";

/** Which workspace this is, the way to the others, and making another. */
export function Switcher({ place, places, section }) {
  const [creating, setCreating] = useState(false);
  const sign = (name) => <span className="avatar square" aria-hidden="true">{initial(name)}</span>;
  const trigger = (
    <button type="button" className="switch">
      {sign(place.name)}
      <span className="sr">{place.id ? "Workspace" : "Workspaces"}</span>
      <span className="grow cut">{place.name}</span>
      {place.id && <span className="sr">Switch workspace</span>}
      <ChevronsUpDown aria-hidden="true" />
    </button>
  );
  const rows = places.map(({ id, name }) => ({
    key: id,
    label: name,
    mark: sign(name),
    to: `/w/${id}/${section}`,
    chosen: id === place.id,
  }));
  const create = { label: "Create a workspace", icon: Plus, opens: true, run: () => setCreating(true) };
  return (
    <>
      <Menu trigger={trigger} rows={[{ title: "Workspaces" }, ...rows, "rule", create]} />
      {creating && <NewWorkspace onClose={() => setCreating(false)} />}
    </>
  );
}
