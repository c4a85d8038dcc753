/* How fast it goes: bytes over the last seconds. */

const WINDOW_MS = 4000;

export class Rate {
  #seen = [];

  /** Note that `bytes` are done in total by now; returns bytes per second, or 0 where nothing is known. */
  note(bytes, now = Date.now()) {
    this.#seen.push({ now, bytes });
    while (this.#seen.length > 2 && now - this.#seen[0].now > WINDOW_MS) this.#seen.shift();
    const [first] = this.#seen;
    const seconds = (now - first.now) / 1000;
    return seconds > 0.3 ? Math.max(0, (bytes - first.bytes) / seconds) : 0;
  }

  /** Begin anew. */
  forget() {
    this.#seen = [];
  }
}
