/** The roles of a workspace, from the one that may most. */
export const ROLES = [
  { role: "owner", name: "Owner", says: "Also add and remove people and change roles. A workspace always keeps one owner." },
  { role: "editor", name: "Editor", says: "Also upload, retry, remove from the gallery, move files to trash and restore them." },
  { role: "viewer", name: "Viewer", says: "Look, copy links, download." },
];

export const nameOf = (role) => ROLES.find((one) => one.role === role)?.name ?? role;
const rank = (role) => ROLES.findIndex((one) => one.role === role);

/** Owners first, then by address. */
export const inOrder = (members) =>
  [...members].sort((a, b) => rank(a.role) - rank(b.role) || a.email.localeCompare(b.email));
