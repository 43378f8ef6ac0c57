import { useContext } from "react";
import { ColorModeContext } from "$/utils/context";
import { say } from "../gallery/toasts.js";
import { Menu } from "../lib/Menu.jsx";
import { CircleUser, History, KeyRound, LogOut, MenuIcon, Monitor, Moon, Settings, Sun, Users } from "../lib/icons.js";
import { letters } from "../lib/letters.js";
import { signOut } from "../lib/session.js";

const THEMES = [
  { mode: "light", label: "Light", icon: Sun },
  { mode: "dark", label: "Dark", icon: Moon },
  { mode: "system", label: "Same as the system", icon: Monitor },
];

/** Who is signed in, the theme, and the way out. `compact` is the phone's, and leads where the sidebar leads. */
export function Account({ email, place, mayManage, isAdmin, compact = false }) {
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
    <button type="button" className="switch account">
      <span className="avatar" aria-hidden="true">{letters(email)}</span>
      <span className="sr">Account</span>
      <span className="grow cut">{email}</span>
    </button>
  );
  const sidebar = [
    place && { label: "Members", icon: Users, to: `/w/${place}/members` },
    mayManage && { label: "Activity", icon: History, to: `/w/${place}/activity` },
    mayManage && { label: "Settings", icon: Settings, to: `/w/${place}/settings` },
    { label: "API tokens", icon: KeyRound, to: "/settings/tokens" },
    "rule",
  ];
  const rows = [
    ...(compact ? sidebar : []),
    compact && { title: email },
    { label: "Your account", icon: CircleUser, to: "/settings/account" },
    isAdmin && { label: "People on this server", icon: Users, to: "/settings/people" },
    "rule",
    { title: "Theme" },
    ...THEMES.map(({ mode, ...row }) => ({ ...row, chosen: rawColorMode === mode, run: () => setColorMode(mode) })),
    "rule",
    { label: "Sign out", icon: LogOut, run: out },
  ];
  return <Menu trigger={trigger} rows={rows} side="top" />;
}
