import { Fragment, useRef } from "react";
import * as Dropdown from "@radix-ui/react-dropdown-menu";
import { Link } from "react-router";
import { Check } from "./icons.js";

/**
 * A menu at a button.
 * @param trigger  the button, as an element
 * @param rows     [{icon?, mark?, label, to? | href? | run?, danger?, chosen?, opens?} | "rule" | {title}]; falsy ones are left out.
 *                 `opens`: a dialog, which must come after the focus went back to the button, where it shall return
 */
export function Menu({ trigger, rows, side = "bottom", align = "start" }) {
  const later = useRef(null);
  const runLater = () => {
    if (later.current) setTimeout(later.current);
    later.current = null;
  };
  const select = ({ run, opens }) => {
    if (opens) later.current = run;
    else run?.();
  };
  return (
    <Dropdown.Root modal={false}>
      <Dropdown.Trigger asChild>{trigger}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content
          className="menu" side={side} align={align} sideOffset={4} collisionPadding={8} loop
          onCloseAutoFocus={runLater}
        >
          {rows.filter(Boolean).map((row, at) => <Fragment key={row.key ?? row.label ?? at}>{drawn(row, select)}</Fragment>)}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

function drawn(row, select) {
  if (row === "rule") return <Dropdown.Separator className="rule" />;
  if (row.title) return <Dropdown.Label className="label">{row.title}</Dropdown.Label>;
  const Icon = row.icon;
  const inside = (
    <>
      {row.mark ?? (Icon && <Icon aria-hidden="true" />)}
      <span className="grow cut">{row.label}</span>
      {row.chosen && <Check className="small at-end" aria-hidden="true" />}
    </>
  );
  const className = row.danger ? "row danger" : "row";
  if (row.chosen !== undefined && row.run) {
    return (
      <Dropdown.CheckboxItem className={className} checked={row.chosen} onSelect={() => select(row)}>
        {inside}
      </Dropdown.CheckboxItem>
    );
  }
  if (row.to || row.href) {
    return (
      <Dropdown.Item className={className} asChild>
        {row.to ? <Link to={row.to} aria-current={row.chosen ? "page" : undefined}>{inside}</Link> : <a href={row.href}>{inside}</a>}
      </Dropdown.Item>
    );
  }
  return <Dropdown.Item className={className} onSelect={() => select(row)}>{inside}</Dropdown.Item>;
}
