/* The rows of the upload page: files under way, and what is wrong with which file. */
import { size } from "../formats.js";
import { icon } from "../icons.js";
import { mendedPath } from "./plan.js";

const MOST_MOVING = 6;
const MOST_PROBLEMS = 100;

function made(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function button(label, act, className = "outline small") {
  const element = made("button", className, label);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

/** Show the few files that are on their way, each with its own bar. */
export function drawMoving(list, run) {
  const isHashing = run.phase === "hashing";
  const moving = run.kept
    .filter((item) => (isHashing ? item.hashed > 0 && item.md5 === null : item.state === "sending"))
    .slice(0, MOST_MOVING);
  const rows = moving.map((item) => {
    const bar = made("progress");
    bar.max = item.file.size || 1;
    bar.value = isHashing ? item.hashed : item.loaded;
    bar.setAttribute("aria-label", item.picked);
    return made("li", "", icon(isHashing ? "hash" : "upload"), made("span", "path", item.picked), bar, made("span", "num soft", size(item.file.size)));
  });
  list.replaceChildren(...rows);
}

/** Say what is wrong; drawn anew only when that changes, so that typing is not disturbed. */
export function drawProblems(place, run) {
  const wrong = run.kept.filter((item) => item.problem);
  const seen = [run.problem?.message, wrong.map((item) => item.picked + item.problem)];
  const mark = JSON.stringify(seen);
  if (place.dataset.drawn === mark) return;
  place.dataset.drawn = mark;
  const parts = [];
  if (run.problem) parts.push(whole(run));
  if (wrong.length) parts.push(list(run, wrong));
  place.replaceChildren(...parts);
}

function notice(variant, iconName, ...children) {
  const box = made("div", "notice", icon(iconName), made("div", "", ...children));
  box.dataset.variant = variant;
  box.setAttribute("role", "alert");
  return box;
}

function whole(run) {
  const { problem } = run;
  const said = [made("p", "", problem.message)];
  if (problem.code === "forbidden") {
    said.push(made("p", "", "A branch that takes no changes of yours: type a new name above, commit there, and propose to merge it."));
  }
  if (problem.details?.commit) {
    said.push(made("p", "", "Look at what was committed, then try again: yours then goes on top of it, or skip the file."));
  }
  if (problem.status === 401 || problem.code === "csrf") {
    const reload = button("Sign in again", () => location.reload());
    said.push(made("p", "acts", reload, made("span", "soft", "Choose the same files afterwards: what has arrived is not sent again.")));
  } else {
    said.push(made("p", "acts", button("Try again", () => run.go())));
  }
  return notice("danger", "circle-alert", ...said);
}

function list(run, wrong) {
  const rows = wrong.slice(0, MOST_PROBLEMS).map((item) => row(run, item));
  const box = made("ul", "problems", ...rows);
  box.setAttribute("role", "alert");
  const acts = made("p", "acts");
  if (wrong.length > MOST_PROBLEMS) acts.append(`and ${wrong.length - MOST_PROBLEMS} more`);
  if (wrong.length > 1) {
    acts.append(button("Skip all of these", () => skipAll(run, wrong)));
    acts.append(button("Try all again", () => run.again()));
  }
  return made("div", "", box, acts);
}

function skipAll(run, wrong) {
  for (const item of wrong.slice(1)) Object.assign(item, { state: "skipped", problem: null });
  return run.skip(wrong[0]);
}

function row(run, item) {
  const said = made("span", "said", made("b", "", item.path ?? item.picked), ` ${item.problem}`);
  const line = made("li", "", icon("circle-x"), said);
  const acts = made("span", "acts");
  acts.append(
    button("Rename", () => {
      line.replaceChild(renaming(run, item), acts);
      line.querySelector("input").select();
    }),
    button("Try again", () => run.again()),
    button("Skip", () => run.skip(item)),
  );
  line.append(acts);
  return line;
}

function renaming(run, item) {
  const field = made("input");
  field.value = mendedPath(item.picked);
  field.setAttribute("aria-label", `New name of ${item.picked}`);
  const take = () => field.value.trim() && run.rename(item, field.value.trim());
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    take();
  });
  return made("span", "acts renaming", field, button("Rename", take, "small"));
}
