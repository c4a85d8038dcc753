/* Carries bytes: a few files at a time, tried again with growing pauses, with links that are fresh. */
import { ask, errorOf } from "../api.js";
import { batches, sortMissing } from "./plan.js";
import { tarOf } from "./tar.js";

const AT_ONCE = 5;
const TRIES = 6;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 15_000;
const LINK_AGE_MS = 40_000;
const LINKS_AT_ONCE = 100;
const REFUSED_LINKS_UNTIL_PROXY = 3;

const wait = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

/**
 * One session's way to the site. Items are `{file, path, upload: {method, url, headers}, …}`; it sets their
 * `state` (waiting, sending, sent, failed), `loaded` (bytes) and `problem`, and calls `onChange`.
 */
export class Transfer {
  #refusedLinks = 0;
  #directWorks = false;
  #refreshing = null;

  constructor({ url, csrf, signal, onChange }) {
    this.url = url;
    this.csrf = csrf;
    this.signal = signal;
    this.onChange = onChange;
    this.throughLabset = false;
    this.linkedAt = Date.now();
  }

  /** Send all of them; resolves when each is sent or has failed. */
  async send(items) {
    this.items = items;
    const { direct, batched, single } = sortMissing(items);
    const jobs = [
      ...batches(batched).map((some) => () => this.#sendBatch(some)),
      ...single.map((item) => () => this.#sendOne(item)),
      ...direct.map((item) => () => this.#sendOne(item)),
    ];
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, jobs.length) }, () => this.#drain(jobs)));
  }

  async #drain(jobs) {
    while (jobs.length && !this.signal.aborted) await jobs.shift()();
  }

  async #sendOne(item) {
    this.#mark([item], "sending");
    await this.#trying([item], async () => {
      const { method, url, headers } = await this.#wayOf(item);
      const isOurs = !/^https?:/.test(url);
      const onSent = (bytes) => this.#progress([item], bytes);
      try {
        await this.#request(method, url, isOurs ? this.#ourHeaders() : headers, item.file, onSent);
        this.#directWorks ||= !isOurs;
      } catch (problem) {
        if (!isOurs) this.#linkFailed(problem);
        throw problem;
      }
      this.#mark([item], "sent");
    });
  }

  async #sendBatch(some) {
    this.#mark(some, "sending");
    await this.#trying(some, async () => {
      const unsent = some.filter((item) => item.state !== "sent");
      const headers = { ...this.#ourHeaders(), "Content-Type": "application/x-tar" };
      const onSent = (bytes) => this.#progress(unsent, bytes);
      const text = await this.#request("POST", `${this.url}/batch`, headers, tarOf(unsent), onSent);
      const states = new Map(JSON.parse(text).files.map((one) => [one.path, one]));
      for (const item of unsent) {
        const told = states.get(item.path);
        if (told?.state === "present") this.#mark([item], "sent");
        else this.#fail([item], told?.problem ?? "was not answered by the server");
      }
    });
  }

  /** Try until it goes well, or until trying again makes no sense. */
  async #trying(items, act) {
    for (let count = 1; ; count += 1) {
      try {
        await act();
        return;
      } catch (problem) {
        if (this.signal.aborted) return;
        if (!problem.mayRepeat || count >= TRIES) {
          this.#fail(items.filter((item) => item.state !== "sent"), problem.message);
          return;
        }
        await this.#pause(count, problem).catch(() => {});
      }
    }
  }

  #pause(count, problem) {
    const growing = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1)) * (0.75 + Math.random() / 2);
    return wait(Math.max(growing, (problem.retryAfterSeconds ?? 0) * 1000), this.signal);
  }

  /** How an item goes: its link, asked anew when it is old, or through Labset. */
  async #wayOf(item) {
    const isLink = /^https?:/.test(item.upload.url);
    if (isLink && this.throughLabset) return this.#ownWay(item);
    if (isLink && Date.now() - this.linkedAt > LINK_AGE_MS) await this.#freshLinks(item);
    return item.upload;
  }

  #ownWay(item) {
    const path = item.path.split("/").map(encodeURIComponent).join("/");
    return { method: "PUT", url: `${this.url}/files/${path}`, headers: {} };
  }

  /** A link that fails is old, or the site does not let this browser in: then Labset passes it on. */
  #linkFailed(problem) {
    problem.mayRepeat = true;
    this.linkedAt = 0;
    if (this.#directWorks) return;
    this.#refusedLinks += 1;
    if (this.#refusedLinks >= REFUSED_LINKS_UNTIL_PROXY) this.throughLabset = true;
  }

  #freshLinks(item) {
    this.#refreshing ??= this.#askLinks(item).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing.then(() => {
      if (!item.linkedAt || Date.now() - item.linkedAt > LINK_AGE_MS) return this.#askLinks(item);
    });
  }

  async #askLinks(item) {
    const waiting = this.items.filter((one) => one !== item && one.state !== "sent" && one.state !== "failed");
    const asked = [item, ...waiting.slice(0, LINKS_AT_ONCE - 1)];
    const options = { json: { paths: asked.map((one) => one.path) }, csrf: this.csrf, signal: this.signal };
    const answer = await ask("POST", `${this.url}/links`, options).catch((problem) => {
      problem.mayRepeat = problem.isPassing;
      throw problem;
    });
    const byPath = new Map(answer.files.map((one) => [one.path, one]));
    for (const one of asked) {
      const fresh = byPath.get(one.path);
      if (fresh?.upload) one.upload = fresh.upload;
      one.linkedAt = Date.now();
    }
    if (asked.length >= waiting.length + 1) this.linkedAt = Date.now();
  }

  #ourHeaders() {
    return { "X-CSRF-Token": this.csrf, Accept: "application/json" };
  }

  /** One request with a body, by XMLHttpRequest: fetch does not tell how much has been sent. */
  #request(method, url, headers, body, onSent) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const stop = () => request.abort();
      this.signal.addEventListener("abort", stop);
      const end = (settle, value) => {
        this.signal.removeEventListener("abort", stop);
        settle(value);
      };
      const refuse = (status) => {
        const said = status ? request.responseText : "";
        const problem = errorOf(status, said, status ? request.getResponseHeader("Retry-After") : 0);
        problem.mayRepeat = problem.isPassing || problem.code === "wrong_checksum";
        end(reject, problem);
      };
      request.open(method, url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.addEventListener("progress", (event) => onSent(event.loaded));
      request.addEventListener("load", () =>
        request.status < 300 ? end(resolve, request.responseText) : refuse(request.status),
      );
      request.addEventListener("error", () => refuse(0));
      request.addEventListener("abort", () => end(reject, this.signal.reason));
      request.send(body);
    });
  }

  #progress(items, bytes) {
    let left = bytes;
    for (const item of items) {
      item.loaded = Math.min(item.file.size, Math.max(0, left));
      left -= item.file.size;
    }
    this.onChange();
  }

  #mark(items, state) {
    for (const item of items) {
      item.state = state;
      if (state === "sent") Object.assign(item, { loaded: item.file.size, carried: true });
    }
    this.onChange();
  }

  #fail(items, problem) {
    for (const item of items) Object.assign(item, { state: "failed", problem, loaded: 0 });
    this.onChange();
  }
}
