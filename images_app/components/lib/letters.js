/** Two letters of an address: mara.lind@… is ML, mara@northlight.co is MA. */
export function letters(email) {
  const [first = "", second = ""] = email.split("@")[0].split(/[._+-]/);
  return `${first[0] ?? ""}${second[0] ?? first[1] ?? ""}`.toUpperCase();
}
