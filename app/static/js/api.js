/* Requests to Labset's own API, with the token that an unsafe one needs; failures as one kind of error. */

/** What the API said when it refused; `status` 0 means that nobody answered. */
export class ApiError extends Error {
  constructor(status, code, message, details = {}, retryAfterSeconds = 0) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Whether the same request may go well a little later. */
  get isPassing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Make an ApiError of a status and a body, whatever the body is. */
export function errorOf(status, text, retryAfter) {
  try {
    const said = JSON.parse(text);
    return new ApiError(status, said.error, said.message, said.details ?? {}, Number(retryAfter) || 0);
  } catch {
    const sentence = status ? `The server answered ${status}.` : "The server cannot be reached.";
    return new ApiError(status, "unreadable", sentence, {}, Number(retryAfter) || 0);
  }
}

/** Ask the API; `json` is the body. Returns what it answers, or null for an empty answer. */
export async function ask(method, url, { json, csrf, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (csrf) headers["X-CSRF-Token"] = csrf;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(url, { method, headers, signal, body: json === undefined ? undefined : JSON.stringify(json) });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw errorOf(0, "");
  }
  const text = await answer.text();
  if (!answer.ok) throw errorOf(answer.status, text, answer.headers.get("Retry-After"));
  return text ? JSON.parse(text) : null;
}
