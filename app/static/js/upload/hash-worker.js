/* Hashes files in a thread of its own, piece by piece, so that memory stays flat and the page alive. */
import "../../vendor/md5.js";

const PIECE_BYTES = 4 * 1024 * 1024;
const ready = globalThis.hashwasm.createMD5();

async function hash({ id, file }) {
  const md5 = await ready;
  md5.init();
  for (let start = 0; start < file.size; start += PIECE_BYTES) {
    const piece = await file.slice(start, start + PIECE_BYTES).arrayBuffer();
    md5.update(new Uint8Array(piece));
    postMessage({ id, hashed: Math.min(start + PIECE_BYTES, file.size) });
  }
  postMessage({ id, md5: md5.digest("hex") });
}

let last = Promise.resolve();
addEventListener("message", ({ data }) => {
  last = last.then(() =>
    hash(data).catch(() => postMessage({ id: data.id, problem: "cannot be read: was it moved or is it locked?" })),
  );
});
