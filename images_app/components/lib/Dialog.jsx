import * as Radix from "@radix-ui/react-dialog";

/**
 * A dialog over the page; on the phone a sheet. `title` names it, `text` is said under the title.
 * @param wide    for what has two columns or a long secret
 * @param firmly  only its own buttons close it: for what would be lost by a press beside it
 */
export function Dialog({ title, text, wide = false, firmly = false, role = "dialog", onClose, children }) {
  const stay = (event) => firmly && event.preventDefault();
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="dimmer sheet">
          <Radix.Content
            className={wide ? "dialog wide" : "dialog"} role={role} onEscapeKeyDown={stay} onInteractOutside={stay}
            {...(text ? {} : { "aria-describedby": undefined })}
          >
            <div>
              <Radix.Title asChild><h2>{title}</h2></Radix.Title>
              {text && <Radix.Description asChild><p>{text}</p></Radix.Description>}
            </div>
            {children}
          </Radix.Content>
        </Radix.Overlay>
      </Radix.Portal>
    </Radix.Root>
  );
}
