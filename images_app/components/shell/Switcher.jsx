import { Menu } from "../lib/Menu.jsx";
import { ChevronsUpDown } from "../lib/icons.js";

export const initial = (name) => [...name.trim()][0]?.toUpperCase() ?? "";

/** Which workspace this is, and the way to the others. With only one there is nothing to switch. */
export function Switcher({ place, places, section }) {
  const sign = (name) => <span className="avatar square" aria-hidden="true">{initial(name)}</span>;
  if (places.length < 2) {
    return (
      <div className="switch still">
        {sign(place.name)}
        <span className="grow cut">{place.name}</span>
      </div>
    );
  }
  const trigger = (
    <button type="button" className="switch" aria-label={`Workspace ${place.name}. Switch workspace`}>
      {sign(place.name)}
      <span className="grow cut">{place.name}</span>
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
  return <Menu trigger={trigger} rows={[{ title: "Workspaces" }, ...rows]} />;
}
