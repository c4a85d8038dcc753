/* A tar stream of small files, as a Blob that is read only while it is sent (POSIX ustar, pax for long names). */

const BLOCK = 512;
const NAME_BYTES = 100;
const encoder = new TextEncoder();

/** Return a Blob with every [{path, file}]. */
export function tarOf(items) {
  const parts = [];
  for (const { path, file } of items) {
    if (!fitsUstar(path)) parts.push(...paxOf(path));
    parts.push(header(fitsUstar(path) ? path : "long-name", file.size, "0"), file, padding(file.size));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return new Blob(parts, { type: "application/x-tar" });
}

function fitsUstar(path) {
  return /^[\x20-\x7e]*$/.test(path) && path.length <= NAME_BYTES;
}

/** An extended header that says the next member's path in UTF-8. */
function paxOf(path) {
  const record = paxRecord("path", path);
  return [header("pax", record.length, "x"), record, padding(record.length)];
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key, value) {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return encoder.encode(`${length} ${key}=${value}\n`);
}

function padding(size) {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}

function header(name, size, type) {
  const block = new Uint8Array(BLOCK);
  const put = (text, offset) => block.set(encoder.encode(text), offset);
  const octal = (number, digits) => number.toString(8).padStart(digits, "0");
  put(name, 0);
  put(`${octal(0o644, 7)}\0`, 100);
  put(`${octal(0, 7)}\0`, 108);
  put(`${octal(0, 7)}\0`, 116);
  put(`${octal(size, 11)}\0`, 124);
  put(`${octal(0, 11)}\0`, 136);
  put("        ", 148);
  put(type, 156);
  put("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${octal(sum, 6)}\0 `, 148);
  return block;
}
