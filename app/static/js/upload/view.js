/* The upload page: what is picked, how far it is, what is wrong, and the one commit. */
import { counted, duration, size } from "../formats.js";
import { leaveNote } from "../notes.js";
import { drawMoving, drawProblems } from "./rows.js";
import { readDropped, readField } from "./picked.js";
import { tally } from "./plan.js";
import { Rate } from "./rate.js";
import { Run } from "./run.js";

const WORKING = new Set(["hashing", "announcing", "sending", "committing"]);

/** Bring the form to life; returns what takes files that were dropped elsewhere. */
export function startUpload(form) {
  const view = new View(form);
  view.start();
  return { add: (picked) => view.add(picked) };
}

class View {
  #rate = new Rate();
  #asked = false;
  #ratedPhase = "";

  constructor(form) {
    this.form = form;
    this.part = (name) => form.querySelector(`[data-${name}]`);
    this.run = new Run({
      api: form.dataset.api,
      csrf: form.dataset.csrf,
      wishes: () => this.wishes(),
      onChange: () => this.changed(),
    });
  }

  wishes() {
    const value = (name) => this.form.elements[name].value.trim();
    return { folder: value("path"), branch: value("branch"), message: value("message") };
  }

  start() {
    this.#startPicking();
    this.#startDropping();
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.run.items.length) this.run.commit();
    });
    this.part("cancel").addEventListener("click", () => this.run.cancel());
    window.addEventListener("beforeunload", (event) => {
      if (WORKING.has(this.run.phase) || this.run.phase === "ready") event.preventDefault();
    });
  }

  add(picked) {
    const most = Number(this.form.dataset.maxFiles);
    if (this.run.items.length + picked.length > most) {
      this.run.problem = new Error(`At most ${counted(most, "file")} go into one commit; choose a smaller folder.`);
      this.run.phase = "stuck";
      this.changed();
      return;
    }
    if (picked.length) this.run.add(picked);
  }

  #startPicking() {
    for (const button of this.form.querySelectorAll("[data-pick]")) {
      const field = this.form.querySelector(`[data-input="${button.dataset.pick}"]`);
      button.addEventListener("click", () => field.click());
      field.addEventListener("change", () => {
        this.add(readField(field));
        field.value = "";
      });
    }
  }

  #startDropping() {
    const zone = this.part("zone");
    this.form.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("is-dropping");
    });
    this.form.addEventListener("dragleave", () => zone.classList.remove("is-dropping"));
    this.form.addEventListener("drop", async (event) => {
      event.preventDefault();
      zone.classList.remove("is-dropping");
      this.add(await readDropped(event.dataTransfer));
    });
  }

  /** Draw at most once per frame, however often something changes. */
  changed() {
    if (this.#asked) return;
    this.#asked = true;
    const draw = () => {
      this.#asked = false;
      this.draw();
    };
    if (document.hidden) setTimeout(draw, 250);
    else requestAnimationFrame(draw);
  }

  /** After the commit the files are shown, where it is the latest. */
  #leave() {
    const { announced, session, committed, kept } = this.run;
    const changed = kept.filter((item) => item.change !== "unchanged").length;
    leaveNote(`${counted(changed, "file")} committed to ${session.branch} as ${committed.commit.slice(0, 8)}.`);
    const folder = announced.folder.replace(/^\/+|\/+$/g, "").split("/").map(encodeURIComponent).join("/");
    location.assign(`${this.form.dataset.tree}${folder}?ref=${encodeURIComponent(session.branch)}`);
  }

  draw() {
    const { run } = this;
    const isDone = run.phase === "done";
    this.part("run").hidden = ["idle", "stopped"].includes(run.phase) && !run.problem;
    this.part("zone").classList.toggle("compact", run.items.length > 0);
    this.part("zone").hidden = isDone;
    this.part("cancel").hidden = !run.items.length || isDone || run.phase === "committing";
    this.#drawHead();
    this.#drawBar();
    drawProblems(this.part("problems"), run);
    drawMoving(this.part("moving"), run);
    this.#drawCommit();
    if (isDone) this.#leave();
  }

  #drawHead() {
    const { run } = this;
    const bytes = run.kept.reduce((sum, item) => sum + item.file.size, 0);
    const { folder, branch } = run.announced ?? this.wishes();
    this.part("title").textContent = `${counted(run.kept.length, "file")} · ${size(bytes)} → ${branch}:${folder || "/"}`;
    this.part("summary").textContent = run.session && run.phase !== "announcing" ? this.#summary() : "";
  }

  #summary() {
    const count = tally(this.run.kept);
    const said = [`${count.new.toLocaleString("en")} new`, `${count.replaced.toLocaleString("en")} replaced`];
    said.push(`${count.unchanged.toLocaleString("en")} identical (not sent)`);
    if (count.stored) said.push(`${count.stored.toLocaleString("en")} stored already (not sent)`);
    return said.join(" · ");
  }

  #drawBar() {
    const { run } = this;
    const isHashing = run.phase === "hashing";
    const moving = run.kept.filter((item) => isHashing || !item.wasThere);
    const total = moving.reduce((sum, item) => sum + item.file.size, 0);
    const done = moving.reduce((sum, item) => sum + (isHashing ? item.hashed : item.loaded), 0);
    const isOver = ["ready", "committing", "done"].includes(run.phase);
    this.part("bar").value = isOver || !total ? Number(isOver) : done / total;
    if (run.phase !== this.#ratedPhase) this.#rate.forget();
    this.#ratedPhase = run.phase;
    const rate = ["hashing", "sending"].includes(run.phase) ? this.#rate.note(done) : 0;
    this.part("rate").textContent = rate ? `${size(rate)}/s` : "";
    this.part("left").textContent = rate && done < total ? `${duration((total - done) / rate)} left` : "";
    this.part("phase").textContent = this.#phrase(moving, done, total);
  }

  #phrase(moving, done, total) {
    const sent = moving.filter((item) => item.state === "sent" || item.state === "present").length;
    const phrases = {
      hashing: `Reading ${size(done)} of ${size(total)} to see what is new`,
      announcing: "Asking what is there already",
      sending: `${size(done)} of ${size(total)} · ${sent.toLocaleString("en")} of ${counted(moving.length, "file")} sent`,
      ready: "Everything has arrived and was verified. One commit is left to make.",
      committing: "Committing",
      done: "Done",
      stuck: "Waiting for you",
    };
    return phrases[this.run.phase] ?? "";
  }

  #drawCommit() {
    const { run } = this;
    const button = this.part("commit");
    const changed = run.kept.filter((item) => item.change !== "unchanged").length;
    const nothing = run.phase === "ready" && changed === 0;
    button.disabled = run.phase !== "ready" || nothing;
    button.hidden = run.phase === "done";
    const label = nothing ? "Nothing to commit: all is identical" : `Commit ${counted(changed, "file")}`;
    button.querySelector("span").textContent = run.phase === "ready" ? label : "Commit";
    for (const name of ["path", "branch", "message"]) {
      this.form.elements[name].disabled = ["committing", "done"].includes(run.phase);
    }
  }
}
