import { useThing } from "./useRest.js";

/** How many there are in a list of the API, beside its title: `4 tokens`. Nothing for none, and until it is known. */
export function Total({ path, what, one, many }) {
  const { value } = useThing(`${path}?limit=1`, { what });
  const total = value?.pageInfo.total;
  if (!total) return null;
  return <span className="count num">{`${total.toLocaleString("en-GB")} ${total === 1 ? one : many}`}</span>;
}
