import React from "react";
import "./over.css";
import { useStore } from "./useStore.js";
import { dismiss, toasts } from "./toasts.js";

export function Toasts() {
  const { list } = useStore(toasts);
  return (
    <div className="ag-toasts" role="status" aria-live="polite">
      {list.map(({ id, text, action, bad }) => (
        <div key={id} className={`ag-toast ${bad ? "bad" : ""}`}>
          <span>{text}</span>
          {action && (
            <button
              type="button"
              onClick={() => {
                dismiss(id);
                action.run();
              }}
            >
              {action.label}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
