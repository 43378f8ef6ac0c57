import { useContext } from "react";
import { ColorModeContext } from "$/utils/context";
import { say } from "../gallery/toasts.js";
import { Menu } from "../lib/Menu.jsx";
import { LogOut, MenuIcon, Monitor, Moon, Sun } from "../lib/icons.js";
import { signOut } from "../lib/session.js";

const THEMES = [
  { mode: "light", label: "Light", icon: Sun },
  { mode: "dark", label: "Dark", icon: Moon },
  { mode: "system", label: "Same as the system", icon: Monitor },
];

/** Two letters of an address: mara.lind@… is ML, mara@northlight.co is MA. */
function letters(email) {
  const [first = "", second = ""] = email.split("@")[0].split(/[._+-]/);
  return `${first[0] ?? ""}${second[0] ?? first[1] ?? ""}`.toUpperCase();
}

/** Who is signed in, the theme, and the way out. `compact` is the phone's. */
export function Account({ email, compact = false }) {
  const { rawColorMode, setColorMode } = useContext(ColorModeContext);

  async function out() {
    if (!(await signOut())) say("Signing out did not work: the server cannot be reached.", { bad: true });
  }

  const trigger = compact ? (
    <button type="button">
      <MenuIcon aria-hidden="true" />
      More
    </button>
  ) : (
    <button type="button" className="switch account" aria-label={`Account ${email}`}>
      <span className="avatar" aria-hidden="true">{letters(email)}</span>
      <span className="grow cut">{email}</span>
    </button>
  );
  const rows = [
    compact && { title: email },
    { title: "Theme" },
    ...THEMES.map(({ mode, ...row }) => ({ ...row, chosen: rawColorMode === mode, run: () => setColorMode(mode) })),
    "rule",
    { label: "Sign out", icon: LogOut, run: out },
  ];
  return <Menu trigger={trigger} rows={rows} side="top" />;
}
