import { useId, useState } from "react";
import { ChevronDown, CircleAlert, Eye, EyeOff } from "./icons.js";

/** A label over one control, with what helps or what is wrong below. `children` is given the control's properties. */
export function Field({ label, help, wrong, children }) {
  const id = useId();
  const said = wrong || help;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-invalid": wrong ? true : undefined, "aria-describedby": said ? `${id}s` : undefined })}
      {wrong ? <Wrong id={`${id}s`}>{wrong}</Wrong> : help && <p id={`${id}s`} className="help">{help}</p>}
    </div>
  );
}

/** What went wrong, said as soon as it is there. */
export function Wrong({ id, children }) {
  if (!children) return null;
  return (
    <p id={id} className="help bad" role="alert">
      <CircleAlert aria-hidden="true" />
      <span>{children}</span>
    </p>
  );
}

/** One of a few, on the system's own control. `options`: [{value, label, disabled?}]. */
export function Choice({ options, className = "", ...rest }) {
  return (
    <span className={`choice ${className}`}>
      <select {...rest}>
        {options.map(({ value, label, disabled }) => <option key={value} value={value} disabled={disabled}>{label}</option>)}
      </select>
      <ChevronDown className="small" aria-hidden="true" />
    </span>
  );
}

/** A password that can be looked at while it is typed. */
export function Password({ tall = false, ...rest }) {
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  const label = shown ? "Hide password" : "Show password";
  return (
    <div className="input-with-button">
      <input
        className={tall ? "input tall" : "input"} required maxLength={1024} spellCheck={false}
        type={shown ? "text" : "password"} {...rest}
      />
      <button type="button" className="btn icon" onClick={() => setShown(!shown)} aria-label={label} title={label}>
        <Icon aria-hidden="true" />
      </button>
    </div>
  );
}
