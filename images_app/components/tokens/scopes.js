/** What a token can be allowed to do, in the order in which it is said. */
export const SCOPES = [
  { scope: "read", name: "Read", says: "List and look at images and files" },
  { scope: "write", name: "Write", says: "Upload files and retry failed ones" },
  { scope: "delete", name: "Delete", says: "Remove images, move files to trash" },
];

export const nameOf = (scope) => SCOPES.find((one) => one.scope === scope)?.name ?? scope;
