/** How much of something is used. `said`: the same in words; `most` null: no limit, and then only the words. */
export function Meter({ name, used, most, said }) {
  const share = most === null ? 0 : most === 0 ? 1 : Math.min(1, used / most);
  return (
    <div className="meter">
      <span>{name}</span>
      <span className="num soft">{said}</span>
      {most !== null && (
        <div
          className={share >= 1 ? "track bad" : share >= 0.9 ? "track wait" : "track"} role="meter" aria-label={name}
          aria-valuemin={0} aria-valuemax={most} aria-valuenow={Math.min(used, most)} aria-valuetext={said}
        >
          <i style={{ transform: `scaleX(${share})` }} />
        </div>
      )}
    </div>
  );
}
