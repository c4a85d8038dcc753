/* A new asset: what would be refused is known before its bytes are sent, and these go with progress. */
import { errorOf } from "../api.js";
import { duration, size } from "../formats.js";
import { icon } from "../icons.js";
import { leaveNote } from "../notes.js";
import { Rate } from "../upload/rate.js";
import "./pairs.js";

/* fields as the API calls them, and what the form calls them */
const NAMES = {
  asset: "file",
  asset_name: "name",
  asset_version: "version",
  asset_tag: "tag",
  asset_metadata: "metadata",
  asset_tags: "tags",
};

class NewAsset {
  #rate = new Rate();
  #request = null;
  #isBusy = false;

  constructor(form) {
    this.form = form;
    this.file = form.elements.file;
    this.part = (name) => form.querySelector(`[data-${name}]`);
  }

  start() {
    this.form.addEventListener(
      "submit",
      (event) => {
        if (this.form.elements.source.value !== "file") return;
        event.preventDefault();
        if (!this.#isBusy) this.#sendOnce();
      },
      { capture: true },
    );
    this.file.addEventListener("change", () => this.#nameIt());
    this.part("cancel").addEventListener("click", () => this.#request?.abort());
    window.addEventListener("beforeunload", (event) => {
      if (this.#request) event.preventDefault();
    });
    // who comes back by the browser's button finds the form as it was before
    window.addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      this.#show(false);
      this.#setBusy(false);
    });
    this.#startDropping();
  }

  #startDropping() {
    const zone = this.part("zone");
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("is-dropping");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("is-dropping"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("is-dropping");
      if (!event.dataTransfer.files.length) return;
      const one = new DataTransfer();
      one.items.add(event.dataTransfer.files[0]);
      this.file.files = one.files;
      this.#nameIt();
    });
  }

  /** Propose the file's name, where none was typed. */
  #nameIt() {
    const { name } = this.form.elements;
    const chosen = this.file.files[0];
    if (chosen && !name.value.trim()) name.value = chosen.name.replace(/(.)\.[^.]+$/, "$1");
  }

  /** Send it, and nothing else before that has ended; what was made is gone to and never sent again. */
  async #sendOnce() {
    this.#setBusy(true);
    let isMade = false;
    try {
      isMade = await this.#send();
    } finally {
      if (!isMade) this.#setBusy(false);
    }
  }

  #setBusy(isBusy) {
    this.#isBusy = isBusy;
    const button = this.part("send");
    button.disabled = isBusy;
    if (isBusy) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
  }

  /** Check the form and send the file; returns whether the asset is made. */
  async #send() {
    this.#forgetProblems();
    const chosen = this.file.files[0];
    if (!chosen) return this.#tell({ file: "Choose the file." });
    if (!chosen.size) return this.#tell({ file: "The file is empty: choose another one." });
    const told = await this.#check();
    return told ? this.#upload(chosen, told) : false;
  }

  /** Ask what would be refused; returns what is sent with the file, or nothing. */
  async #check() {
    const fields = new FormData(this.form);
    fields.delete("file");
    const headers = { "X-CSRF-Token": this.form.dataset.csrf, Accept: "application/json" };
    let answer;
    try {
      answer = await fetch(this.form.dataset.check, { method: "POST", headers, body: fields });
    } catch {
      return this.#tell({}, errorOf(0, "").message);
    }
    const text = await answer.text();
    const said = answer.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : {};
    if (said.problems) {
      if (answer.ok) return said.asset_metadata;
      return this.#tell(said.problems, said.message);
    }
    return this.#tell({}, errorOf(answer.status, text).message);
  }

  async #upload(chosen, told) {
    const body = new FormData();
    body.append("asset_metadata", JSON.stringify(told));
    body.append("asset", chosen, chosen.name);
    this.#show(true);
    try {
      const made = JSON.parse(await this.#post(body, chosen.size));
      leaveNote(`${made.asset_uri} is there.`);
      this.#request = null;
      location.assign(this.form.dataset.shown.replace("ID", encodeURIComponent(made.asset_id)));
      return true;
    } catch (problem) {
      this.#request = null;
      this.#show(false);
      if (problem.name === "AbortError") return false;
      const name = problem.code === "asset_exists" ? "version" : NAMES[problem.details?.field];
      return name ? this.#tell({ [name]: problem.message }) : this.#tell({}, problem.message);
    }
  }

  /** By XMLHttpRequest: fetch does not tell how much has been sent. */
  #post(body, bytes) {
    const site = this.form.elements.site?.value;
    const address = this.form.dataset.upload + (site ? `?site=${encodeURIComponent(site)}` : "");
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.#request = request;
      request.open("POST", address);
      request.setRequestHeader("X-CSRF-Token", this.form.dataset.csrf);
      request.setRequestHeader("Accept", "application/json");
      request.upload.addEventListener("progress", (event) => this.#progress(Math.min(event.loaded, bytes), bytes));
      request.addEventListener("load", () => {
        if (request.status < 300) resolve(request.responseText);
        else reject(errorOf(request.status, request.responseText));
      });
      request.addEventListener("error", () => reject(errorOf(0, "")));
      request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
      request.send(body);
    });
  }

  #progress(sent, bytes) {
    const rate = this.#rate.note(sent);
    const isOver = sent >= bytes;
    this.part("bar").value = bytes ? sent / bytes : 1;
    this.part("phase").textContent = isOver ? "All of it has arrived; it is being verified" : `${size(sent)} of ${size(bytes)}`;
    this.part("rate").textContent = rate && !isOver ? `${size(rate)}/s` : "";
    this.part("left").textContent = rate && !isOver ? `${duration((bytes - sent) / rate)} left` : "";
  }

  #show(isSending) {
    this.part("run").hidden = !isSending;
    this.part("cancel").hidden = !isSending;
    this.part("back").hidden = isSending;
    this.#rate.forget();
    if (isSending) this.#progress(0, 1);
  }

  /** Say beside each field what is wrong with it, and above the form what is wrong with all of it; returns false. */
  #tell(problems, message = "") {
    for (const [name, text] of Object.entries(problems)) {
      const field = this.form.querySelector(`#${name}`) ?? this.form.querySelector(`[name="${name}"]`);
      const place = name === "metadata" ? this.form.querySelector("[data-pairs]") : field?.closest(".field");
      (place ?? this.form).append(problemOf(`${name}-problem`, text));
      field?.setAttribute("aria-invalid", "true");
      field?.setAttribute("aria-describedby", `${name}-problem`);
    }
    if (message) {
      const said = problemOf("form-problem", message);
      said.setAttribute("role", "alert");
      this.form.prepend(said);
    }
    const first = this.form.querySelector('[aria-invalid="true"]') ?? this.form.querySelector("p.problem");
    first?.scrollIntoView({ block: "center" });
    first?.focus?.();
    return false;
  }

  #forgetProblems() {
    this.form.querySelectorAll("p.problem, [role='alert']").forEach((one) => one.remove());
    this.form.querySelectorAll('[aria-invalid="true"]').forEach((one) => {
      one.removeAttribute("aria-invalid");
      one.removeAttribute("aria-describedby");
    });
  }
}

function problemOf(id, text) {
  const problem = document.createElement("p");
  problem.className = "problem";
  problem.id = id;
  const said = document.createElement("span");
  said.textContent = text;
  problem.append(icon("circle-alert"), said);
  return problem;
}

const form = document.getElementById("new-asset");
if (form) new NewAsset(form).start();
