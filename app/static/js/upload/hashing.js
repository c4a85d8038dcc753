/* A few workers that take files one after another and answer with their md5. */

const MOST_WORKERS = 3;

export class Hashing {
  #workers = [];
  #free = [];
  #queue = [];
  #running = new Map();
  #nextId = 1;

  /** Return a promise of the md5 of a file; `onProgress` hears how many bytes are done. */
  md5(file, onProgress = () => {}) {
    return new Promise((resolve, reject) => {
      this.#queue.push({ id: this.#nextId++, file, onProgress, resolve, reject });
      this.#work();
    });
  }

  /** Stop all of it; what waits is never answered. */
  stop() {
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
    this.#free = [];
    this.#queue = [];
    this.#running.clear();
  }

  #work() {
    while (this.#queue.length) {
      const worker = this.#free.pop() ?? this.#another();
      if (!worker) return;
      const task = this.#queue.shift();
      this.#running.set(task.id, task);
      worker.postMessage({ id: task.id, file: task.file });
    }
  }

  #another() {
    const most = Math.min(MOST_WORKERS, Math.max(1, (navigator.hardwareConcurrency ?? 2) - 1));
    if (this.#workers.length >= most) return null;
    const worker = new Worker(new URL("./hash-worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => this.#hear(worker, data));
    worker.addEventListener("error", () => this.#fail());
    this.#workers.push(worker);
    return worker;
  }

  #hear(worker, { id, hashed, md5, problem }) {
    const task = this.#running.get(id);
    if (!task) return;
    if (hashed !== undefined) {
      task.onProgress(hashed);
      return;
    }
    this.#running.delete(id);
    if (problem) task.reject(new Error(problem));
    else task.resolve(md5);
    this.#free.push(worker);
    this.#work();
  }

  /** A worker that does not start fails everything: there is no other way to an md5. */
  #fail() {
    const tasks = [...this.#running.values(), ...this.#queue];
    this.stop();
    for (const task of tasks) task.reject(new Error("cannot be hashed: this browser refuses to run the worker"));
  }
}
