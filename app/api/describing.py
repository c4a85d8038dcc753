"""The words of Croissant 1.1 for what a card says.

Source:  http://mlcommons.org/croissant/1.1; what `mlcroissant` reads of it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from app.api.manifest import COLUMNS, file_url, write_csv, write_urls
from app.api.shapes import moment
from core.model.content import Broken, Entry
from core.model.dataset import Dataset
from core.ports import Platform
from core.usecases.exporting.croissant import Card, Column, ColumnKind, Heading, Table
from core.usecases.exporting.manifest import ManifestRow, manifest_rows

Json = dict[str, Any]

MAX_FILE_OBJECTS = 100  # of more files than these only the tables are described one by one
MAX_FILE_SETS = 50
MANIFEST = "manifest.csv"
URLS = "files.txt"

CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

_TYPES = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "jsonl": "application/jsonlines",
    "ndjson": "application/jsonlines",
    "parquet": "application/x-parquet",
    "txt": "text/plain",
    "md": "text/markdown",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "zip": "application/zip",
    "tar": "application/x-tar",
    "gz": "application/gzip",
}
_OCTETS = "application/octet-stream"
_KINDS = {
    ColumnKind.TEXT: "sc:Text",
    ColumnKind.INTEGER: "sc:Integer",
    ColumnKind.FLOAT: "sc:Float",
}


def about(heading: Heading, base_url: str, prefix: str = "") -> Json:
    """Return what is said of the dataset itself; `prefix` stands before the types of schema.org."""
    dataset = heading.dataset
    page = f"{base_url}/datasets/{dataset.id}"
    creator = _creator(dataset, prefix)
    return {
        "@type": f"{prefix}Dataset",
        "name": dataset.name,
        "description": dataset.description or f"The dataset {dataset.path_with_namespace}.",
        "license": _license(heading, base_url),
        "url": page,
        "sameAs": dataset.gitlab_url,
        "creator": creator,
        "publisher": creator,
        "version": heading.version,
        "keywords": [*dataset.tags, dataset.kind.value],
        "dateCreated": moment(dataset.created_at),
        "dateModified": moment(heading.modified_at),
        "datePublished": moment(heading.published_at),
        "citeAs": _citation(heading, page),
        "identifier": heading.revision.sha,
    }


def describe(platform: Platform, card: Card, base_url: str) -> Json:
    """Return all of a card as Croissant."""
    rows = list(manifest_rows(platform, card.contents, with_sha256=False))
    api = f"{base_url}/api/v1/datasets/{card.heading.dataset.id}"
    return {
        "@context": CONTEXT,
        **about(card.heading, base_url, "sc:"),
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "distribution": list(_distribution(card, rows, api)),
        "recordSet": [_manifest_records(), *map(_records, card.tables)],
    }


def linked_data(heading: Heading, base_url: str) -> Json:
    """Return what the page of a public dataset tells search engines."""
    api = f"{base_url}/api/v1/datasets/{heading.dataset.id}"
    sha = heading.revision.sha
    downloads = (
        ("application/x-tar", f"{api}/archive?content=data&format=tar&ref={sha}"),
        ("application/ld+json", f"{api}/croissant?ref={sha}"),
    )
    return {
        "@context": "https://schema.org/",
        **about(heading, base_url),
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": kind, "contentUrl": url}
            for kind, url in downloads
        ],
    }


def _license(heading: Heading, base_url: str) -> str:
    if heading.license is None:
        return "unknown"
    if heading.license.spdx:
        return f"https://spdx.org/licenses/{heading.license.spdx}"
    api = f"{base_url}/api/v1/datasets/{heading.dataset.id}"
    return file_url(api, heading.license.path, heading.revision.sha)


def _creator(dataset: Dataset, prefix: str) -> Json:
    namespace = dataset.namespace
    kind = "Person" if namespace.kind == "user" else "Organization"
    url = dataset.gitlab_url.rpartition("/")[0]
    return {"@type": f"{prefix}{kind}", "name": namespace.name, "url": url}


def _citation(heading: Heading, page: str) -> str:
    """Return a BibTeX entry."""
    dataset, sha = heading.dataset, heading.revision.sha
    title, author = (
        "".join(" " if letter in "{}\\%\n" else letter for letter in text)
        for text in (dataset.name, dataset.namespace.name)
    )
    return (
        f"@misc{{dataset-{dataset.id}-{sha[:8]}, title={{{title}}}, author={{{author}}}, "
        f"year={{{heading.published_at.year}}}, version={{{heading.version}}}, "
        f"url={{{page}?ref={sha}}}}}"
    )


def _list_object(name: str, about_it: str, url: str, lines: Iterable[bytes]) -> Json:
    digest = hashlib.md5(usedforsecurity=False)
    size_bytes = 0
    for line in lines:
        digest.update(line)
        size_bytes += len(line)
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "description": about_it,
        "contentUrl": url,
        "contentSize": f"{size_bytes} B",
        "encodingFormat": "text/csv" if name == MANIFEST else "text/plain",
        "md5": digest.hexdigest(),
    }


def _distribution(card: Card, rows: Sequence[ManifestRow], api: str) -> Iterator[Json]:
    sha = card.heading.revision.sha
    yield _list_object(
        MANIFEST,
        "Every file of this version with its md5 and its size.",
        f"{api}/manifest?format=csv&hashes=md5&ref={sha}",
        write_csv(iter(rows), COLUMNS["md5"]),
    )
    is_small = len(rows) <= MAX_FILE_OBJECTS
    tables = {table.path for table in card.tables}
    for row in rows:
        if row.md5 is not None and (is_small or row.path in tables):
            yield _file_object(row, api, sha)
    if not is_small:
        yield _list_object(
            URLS,
            "The address of every file of this version.",
            f"{api}/manifest?format=urls&ref={sha}",
            write_urls(iter(rows), api, sha),
        )
        yield from _file_sets(card.contents.files)


def _file_object(row: ManifestRow, api: str, sha: str) -> Json:
    size = {} if row.size_bytes is None else {"contentSize": f"{row.size_bytes} B"}
    return {
        "@type": "cr:FileObject",
        "@id": _file_id(row.path.text),
        "name": row.path.name,
        "contentUrl": file_url(api, row.path, sha),
        "encodingFormat": _TYPES.get(row.path.suffix, _OCTETS),
        "md5": row.md5.hex if row.md5 else None,
        **size,
    }


def _file_sets(entries: Sequence[Entry]) -> Iterator[Json]:
    """Yield one set for each of the commonest suffixes, of the files whose addresses are listed."""
    files = [entry.path for entry in entries if not isinstance(entry.content, Broken)]
    counted = Counter(path.suffix for path in files if path.suffix)
    spelled: dict[str, set[str]] = defaultdict(set)
    for path in files:
        spelled[path.suffix].add(path.name[len(path.name) - len(path.suffix) :])
    for suffix, count in counted.most_common(MAX_FILE_SETS):
        yield {
            "@type": "cr:FileSet",
            "@id": f"files-{quote(suffix)}",
            "name": f"{suffix} files",
            "description": f"{count} of the files that {MANIFEST} names.",
            "containedIn": {"fileObject": {"@id": URLS}, "transform": {"cr:readLines": True}},
            "encodingFormat": _TYPES.get(suffix, _OCTETS),
            "includes": [f"*.{one}?ref=*" for one in sorted(spelled[suffix])],
        }


def _file_id(path: str) -> str:
    return f"files/{quote(path)}"


def _manifest_records() -> Json:
    columns = [Column(name, ColumnKind.TEXT) for name in COLUMNS["md5"]]
    return _record_set("manifest", MANIFEST, f"The files of {MANIFEST}.", columns)


def _records(table: Table) -> Json:
    name = f"records/{quote(table.path.text)}"
    return _record_set(name, _file_id(table.path.text), f"The rows of {table.path}.", table.columns)


def _record_set(name: str, file_id: str, description: str, columns: Sequence[Column]) -> Json:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{quote(column.name, safe='')}",
            "name": column.name,
            "dataType": _KINDS[column.kind],
            "source": {"fileObject": {"@id": file_id}, "extract": {"column": column.name}},
        }
        for column in columns
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": description,
        "field": fields,
    }
