/* Decides, without doing: which paths cannot be, what goes how, what goes together. Pure functions. */

const RESERVED = new Set([".git", ".gitignore", ".gitmodules", ".gitattributes", ".dvc", ".dvcignore"]);
const MAX_SEGMENT_BYTES = 251;
const MAX_PATH_BYTES = 1024;

/** Files up to this size go together in one request, where they go through Labset. */
export const BATCHED_BYTES = 256 * 1024;
const BATCH_BYTES = 8 * 1024 * 1024;
const BATCH_FILES = 400;

const bytesOf = (text) => new TextEncoder().encode(text).length;

/** Join the folder that was typed and a picked path. */
export function joined(folder, path) {
  const head = folder.trim().replace(/^\/+|\/+$/g, "").normalize("NFC");
  return head ? `${head}/${path}` : path;
}

/** Say why a path cannot be one, or null. The server has the last word (core/model/names.py). */
export function pathProblem(path) {
  if (bytesOf(path) > MAX_PATH_BYTES) return "is longer than 1,024 bytes";
  for (const segment of path.split("/")) {
    if (segment === "" || segment === "." || segment === "..") return "has an empty, ‘.’ or ‘..’ segment";
    if (/[\u0000-\u001f\u007f-\u009f\\\u2028\u2029]/u.test(segment)) return "holds a control character or a backslash";
    if (/[. ]$/u.test(segment)) return `has a name that ends with a ${segment.endsWith(" ") ? "space" : "dot"}`;
    if (bytesOf(segment) > MAX_SEGMENT_BYTES) return "has a name longer than 251 bytes";
    if (RESERVED.has(segment.toLowerCase())) return `has the name ${segment}, which git or dvc need themselves`;
    if (segment.toLowerCase().endsWith(".dvc")) return "ends with .dvc, which is the name of a pointer";
  }
  return null;
}

/** Return a name near `path` that can be one. */
export function mendedPath(path) {
  const mended = path.split("/").map((segment) => {
    let name = segment.replace(/[\u0000-\u001f\u007f-\u009f\\\u2028\u2029]/gu, "_").replace(/[. ]+$/u, "");
    if (RESERVED.has(name.toLowerCase())) name = `_${name}`;
    return name.replace(/\.dvc$/i, ".dvc.txt") || "_";
  });
  return mended.join("/");
}

/** Sort what is missing by the way it goes: straight to the site, in batches, or one by one. */
export function sortMissing(items) {
  const ways = { direct: [], batched: [], single: [] };
  for (const item of items) {
    if (/^https?:/.test(item.upload?.url ?? "")) ways.direct.push(item);
    else if (item.file.size <= BATCHED_BYTES) ways.batched.push(item);
    else ways.single.push(item);
  }
  return ways;
}

/** Cut a list of small files into batches of bounded size and number. */
export function batches(items) {
  const cut = [];
  let bytes = 0;
  for (const item of items) {
    const last = cut.at(-1);
    if (!last || last.length >= BATCH_FILES || bytes + item.file.size > BATCH_BYTES) {
      cut.push([item]);
      bytes = item.file.size;
    } else {
      last.push(item);
      bytes += item.file.size;
    }
  }
  return cut;
}

/** Count what the server said of the announced files: new, replacing, identical, to be sent. */
export function tally(items) {
  const count = { new: 0, replaced: 0, unchanged: 0, stored: 0 };
  for (const item of items) {
    count[item.change] += 1;
    if (item.change !== "unchanged" && item.wasThere) count.stored += 1;
  }
  return count;
}
