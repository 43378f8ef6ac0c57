// The people of a workspace and what each may do. Who may not manage them sees the same list, without the controls.

import { useState } from "react";
import { useNavigate } from "react-router";
import { request } from "../gallery/api.js";
import { Toasts } from "../gallery/Toasts.jsx";
import { say } from "../gallery/toasts.js";
import { ChevronDown } from "../lib/icons.js";
import { Broken, More, Waiting } from "../lib/Lists.jsx";
import { Menu } from "../lib/Menu.jsx";
import { Question } from "../lib/Question.jsx";
import { Time } from "../lib/Time.jsx";
import { useList } from "../lib/useList.js";
import { changed } from "../lib/useRest.js";
import { Person } from "./Person.jsx";
import { inOrder, nameOf, ROLES } from "./roles.js";

const HEADS = ["Person", "Role", "Member since"];
const FEW = 100; // as many as come in one page
const isAboutMembers = ({ type }) => type.startsWith("member.");

export function Members({ place, email, mayManage }) {
  const path = place.id ? `/api/workspaces/${place.id}/members` : null;
  const { rows, next, total, status, error, again, more } = useList(path, { what: "members", hears: isAboutMembers });
  const [question, setQuestion] = useState(null);
  const actions = useActions({ place, email, setQuestion });
  // A few stand in the order of what they may do; many in that of the list, so that none moves as more of them come.
  const isShort = total <= FEW;
  const members = isShort ? inOrder(rows) : rows;
  const owners = isShort ? rows.filter(({ role }) => role === "owner").length : null;

  return (
    <>
      <div className="page">
        {status === "error" ? <Broken name="The members" error={error} onRetry={again} /> : (
          <div className="two">
            {status === "loading" ? <Waiting name="members" className="people" /> : (
              <div>
                <div className="table people" role="table" aria-label="Members">
                  <div className="tr head" role="row">
                    {HEADS.map((name) => <span key={name} role="columnheader">{name}</span>)}
                    <span role="columnheader"><span className="sr">Actions</span></span>
                  </div>
                  {members.map((member) => (
                    <Row
                      key={member.userId} member={member} actions={actions} mayManage={mayManage}
                      isMe={member.email === email} isOnlyOwner={member.role === "owner" && owners === 1}
                    />
                  ))}
                </div>
                <More name="members" next={next} shown={rows.length} status={status} onMore={more} />
              </div>
            )}
            <RoleCard />
          </div>
        )}
      </div>
      {question && <Question {...question} onClose={() => setQuestion(null)} />}
      <Toasts />
    </>
  );
}

function Row({ member, actions, mayManage, isMe, isOnlyOwner }) {
  const { email, role, isPending, createdAt } = member;
  return (
    <div className="tr" role="row">
      <Person email={email} isMe={isMe} note={isPending && "Invited"} />
      <div role="cell" className="role">
        {mayManage && !isOnlyOwner ? <RoleChoice member={member} isMe={isMe} actions={actions} /> : nameOf(role)}
      </div>
      <div role="cell" className="soft num" data-name="Since"><Time at={createdAt} form="date" /></div>
      <div role="cell" className="acts">
        {isOnlyOwner && (mayManage || isMe) ? (
          <span className="small muted" title="A workspace always keeps one owner. Make somebody else an owner first.">
            The only owner
          </span>
        ) : isMe ? (
          <button type="button" className="btn mini soft" onClick={actions.leave}>Leave</button>
        ) : mayManage && (
          <button type="button" className="btn mini soft" aria-label={`Remove ${email}`} onClick={() => actions.remove(member)}>
            Remove
          </button>
        )}
      </div>
    </div>
  );
}

function RoleChoice({ member, isMe, actions }) {
  const trigger = (
    <button type="button" className="sel" aria-label={`Role of ${member.email}: ${nameOf(member.role)}`}>
      {nameOf(member.role)}
      <ChevronDown className="small" aria-hidden="true" />
    </button>
  );
  const rows = ROLES.map(({ role, name }) => ({
    label: name,
    chosen: role === member.role,
    opens: isMe,
    run: () => role !== member.role && actions.change(member, role, isMe),
  }));
  return <Menu trigger={trigger} rows={rows} />;
}

function RoleCard() {
  return (
    <aside className="card padded" aria-labelledby="roles">
      <h2 id="roles">What each role can do</h2>
      {[...ROLES].reverse().map(({ role, name, says }) => (
        <div key={role}>
          <h3>{name}</h3>
          <p className="soft">{says}</p>
        </div>
      ))}
      <p className="small muted">Someone you remove loses access within a second, on every device.</p>
    </aside>
  );
}

function useActions({ place, email: me, setQuestion }) {
  const navigate = useNavigate();
  const path = ({ userId }) => `/api/workspaces/${place.id}/members/${userId}`;

  const put = async (member, role) => {
    await request("PUT", path(member), { body: { role } });
    changed("members");
    say(`${member.email} is now ${role === "viewer" ? "a" : "an"} ${role}`);
  };

  const drop = (member) =>
    // Gone already is what was wanted.
    request("DELETE", path(member)).catch((problem) => {
      if (problem.status !== 404) throw problem;
    });

  return {
    async change(member, role, isMe) {
      if (isMe) {
        setQuestion({
          title: `Make yourself ${role === "viewer" ? "a" : "an"} ${role}?`,
          text: "You can then no longer manage people here, and only another owner can give it back.",
          keep: "Stay owner", act: `Become ${role}`, onAct: () => put(member, role),
        });
        return;
      }
      await put(member, role).catch((problem) => {
        if (problem.status !== 401) say(`${member.email} keeps the role. ${problem.message}`, { bad: true });
        changed("members");
      });
    },

    remove: (member) =>
      setQuestion({
        title: `Remove ${member.email}?`,
        text: `They lose access to ${place.name} within a second, on every device. What they uploaded stays here.`,
        keep: "Keep them", act: "Remove from workspace",
        async onAct() {
          await drop(member);
          changed("members");
          say(`${member.email} removed`);
        },
      }),

    leave: () =>
      setQuestion({
        title: `Leave ${place.name}?`,
        text: "You lose access at once. Only an owner can add you again.",
        keep: "Stay", act: "Leave workspace",
        async onAct() {
          const { id } = await request("GET", "/api/me");
          await drop({ userId: id, email: me });
          navigate("/");
        },
      }),
  };
}
