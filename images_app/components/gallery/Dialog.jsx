import React, { useEffect, useRef } from "react";
import "./over.css";

/** A modal on the browser's own dialog: focus is kept in, Esc closes, and focus goes back where it came from. */
export function Modal({ className, label, onClose, onKeyDown, role, children }) {
  const ref = useRef(null);
  useEffect(() => {
    const dialog = ref.current;
    const back = document.activeElement;
    if (!dialog.open) dialog.showModal();
    return () => {
      dialog.close();
      if (back?.isConnected) back.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={className}
      role={role}
      aria-label={label}
      onKeyDown={onKeyDown}
      onCancel={(event) => {
        if (event.target !== ref.current) return;
        event.preventDefault();
        onClose?.();
      }}
      onClick={(event) => event.target === ref.current && onClose?.()}
    >
      {children}
    </dialog>
  );
}

/** Asks before what cannot simply be undone. The safe answer has the focus. */
export function Confirm({ title, text, keep, act, onKeep, onAct }) {
  return (
    <Modal className="dialog ag-dialog" role="alertdialog" label={title} onClose={onKeep}>
      <div>
        <h2>{title}</h2>
        <p>{text}</p>
      </div>
      <div className="do">
        <button type="button" className="btn" autoFocus onClick={onKeep}>
          {keep}
        </button>
        <button type="button" className="btn danger-solid" onClick={onAct}>
          {act}
        </button>
      </div>
    </Modal>
  );
}
