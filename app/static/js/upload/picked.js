/* What a person picked or dropped, as files with their paths below what was picked. */

const CLUTTER = /^(\.DS_Store|Thumbs\.db|desktop\.ini|\._.*)$/i;

/** Return [{path, file}] of a file field; folders keep their tree. */
export function readField(field) {
  return tidy([...field.files].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}

/**
 * Return a promise of [{path, file}] of what was dropped, folders included.
 * To be called in the event itself: afterwards the browser has forgotten what was dropped.
 */
export function readDropped(transfer) {
  const entries = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  return Promise.all(entries.filter(Boolean).map(readEntry)).then((lists) => tidy(lists.flat()));
}

async function readEntry(entry) {
  if (entry instanceof File) return [{ path: entry.name, file: entry }];
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const found = [];
  for (const child of await readAll(entry.createReader())) found.push(...(await readEntry(child)));
  return found;
}

/** A reader hands out a hundred entries at a time, until it hands out none. */
async function readAll(reader) {
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    found.push(...some);
  }
}

/** Leave out what systems put into folders by themselves; write names in one Unicode form. */
function tidy(picked) {
  return picked
    .filter(({ path }) => !CLUTTER.test(path.split("/").at(-1)))
    .map(({ path, file }) => ({ path: path.normalize("NFC"), file }));
}
