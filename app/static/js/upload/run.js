/* One upload from the picked files to the commit: hash, announce, send, commit. Knows no page. */
import { ask } from "../api.js";
import { Hashing } from "./hashing.js";
import { joined, pathProblem } from "./plan.js";
import { Transfer } from "./transfer.js";

/**
 * Phases: idle → hashing → announcing → sending → ready → committing → done; `stopped` after Cancel, and `stuck`
 * where something must be decided: `problem` is of the whole, an item's `problem` its own.
 */
export class Run {
  #hashing = new Hashing();
  #abort = new AbortController();
  #generation = 0;

  constructor({ api, csrf, wishes, onChange }) {
    this.api = api;
    this.csrf = csrf;
    this.wishes = wishes;
    this.onChange = onChange;
    this.items = [];
    this.phase = "idle";
    this.problem = null;
    this.session = null;
    this.committed = null;
  }

  /** What counts: everything that was not skipped. */
  get kept() {
    return this.items.filter((item) => item.state !== "skipped");
  }

  /** Take picked files in; the same path picked again replaces the former pick. */
  add(picked) {
    const known = new Map(this.items.map((item) => [item.picked, item]));
    for (const { path, file } of picked) {
      known.set(path, { picked: path, file, md5: null, hashed: 0, loaded: 0, state: "waiting", problem: null });
    }
    this.items = [...known.values()];
    return this.go();
  }

  /** Give an item another name below the folder. */
  rename(item, picked) {
    Object.assign(item, { picked, problem: null, state: "waiting" });
    return this.go();
  }

  /** Leave an item out. */
  skip(item) {
    Object.assign(item, { state: "skipped", problem: null });
    return this.go();
  }

  /** Try the failed ones again. */
  again() {
    for (const item of this.items) {
      if (item.state === "failed") Object.assign(item, { state: "waiting", problem: null, loaded: 0 });
    }
    return this.go();
  }

  /** Do everything up to the commit; a later call takes over from an earlier one. */
  async go() {
    const generation = ++this.#generation;
    const isCurrent = () => generation === this.#generation;
    this.#abort.abort();
    this.#abort = new AbortController();
    this.problem = null;
    if (!this.kept.length) return this.#enter("idle");
    try {
      await this.#hash();
      if (isCurrent() && this.#pathsAreRight()) await this.#announce(isCurrent);
      if (isCurrent() && this.session) await this.#send();
    } catch (problem) {
      if (isCurrent()) this.#refuse(problem);
      return;
    }
    if (isCurrent()) this.#enter(this.kept.some((item) => item.problem) ? "stuck" : "ready");
  }

  /** Commit; if branch, folder or message were changed since the announcement, announce anew first. */
  async commit() {
    if (JSON.stringify(this.announced) !== JSON.stringify(this.wishes())) await this.go();
    if (this.phase !== "ready") return;
    this.#enter("committing");
    try {
      this.committed = await ask("POST", `${this.session.url}/commit`, { csrf: this.csrf });
      this.#hashing.stop();
      this.#enter("done");
    } catch (problem) {
      this.#refuse(problem);
    }
  }

  /** Stop, and give the session up; what has arrived is not sent again next time. */
  async cancel() {
    this.#generation += 1;
    this.#abort.abort();
    this.#hashing.stop();
    await this.#giveUp();
    this.items = [];
    this.#enter("stopped");
  }

  #enter(phase) {
    this.phase = phase;
    this.onChange();
  }

  async #hash() {
    this.#enter("hashing");
    const unhashed = this.kept.filter((item) => item.md5 === null);
    await Promise.all(
      unhashed.map(async (item) => {
        try {
          item.md5 = await this.#hashing.md5(item.file, (bytes) => {
            item.hashed = bytes;
            this.onChange();
          });
          item.hashed = item.file.size;
        } catch (problem) {
          Object.assign(item, { state: "failed", problem: problem.message });
        }
        this.onChange();
      }),
    );
  }

  /** Name every path that cannot be, before anything is announced. */
  #pathsAreRight() {
    const { folder } = this.wishes();
    for (const item of this.kept) {
      item.path = joined(folder, item.picked);
      if (item.md5 !== null) item.problem = pathProblem(item.path);
      if (item.problem) item.state = "failed";
    }
    return this.kept.every((item) => !item.problem);
  }

  async #announce(isCurrent) {
    this.#enter("announcing");
    await this.#giveUp();
    const wishes = this.wishes();
    const files = this.kept.map(({ path, file, md5 }) => ({ path, size: file.size, md5 }));
    const json = { branch: wishes.branch || undefined, message: wishes.message || undefined, files };
    const answer = await ask("POST", this.api, { json, csrf: this.csrf, signal: this.#abort.signal });
    const url = `${this.api}/${answer.id}`;
    if (!isCurrent()) {
      await ask("DELETE", url, { csrf: this.csrf });
      return;
    }
    this.session = { url, branch: answer.branch };
    this.announced = wishes;
    this.#take(new Map(answer.files.map((one) => [one.path, one])));
  }

  #take(told) {
    for (const item of this.kept) {
      const { state, upload, change } = told.get(item.path);
      item.upload = upload;
      item.change = change ?? "new";
      item.wasThere = state === "present" && !item.carried;
      item.state = state === "present" ? "present" : "waiting";
      item.loaded = item.carried && state === "present" ? item.file.size : 0;
    }
  }

  async #send() {
    this.#enter("sending");
    const transfer = new Transfer({
      url: this.session.url,
      csrf: this.csrf,
      signal: this.#abort.signal,
      onChange: () => this.onChange(),
    });
    await transfer.send(this.kept.filter((item) => item.state === "waiting"));
  }

  /** Put what the server refused beside the files that it named, else above all of them. */
  #refuse(problem) {
    const byPath = new Map(this.kept.map((item) => [item.path, item]));
    const named = problem.details?.paths ?? [];
    for (const one of named) {
      const item = byPath.get(one.path);
      if (item) Object.assign(item, { problem: one.problem, state: "failed" });
    }
    if (!this.kept.some((item) => item.problem)) this.problem = problem;
    this.#enter("stuck");
  }

  async #giveUp() {
    const session = this.session;
    this.session = null;
    this.announced = null;
    if (!session) return;
    // a session that has ended by itself needs no ending; it expires in any case
    await ask("DELETE", session.url, { csrf: this.csrf }).catch(() => {});
  }
}
