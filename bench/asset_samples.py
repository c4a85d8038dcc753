"""Assets as a lab might have them: some tags are common and some rare, and so are their authors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from core.model.assets import Asset, AssetFile, AssetName, AssetVisibility
from core.model.names import Md5, SiteId

TAGS = [f"tag-{number}" for number in range(200)]
KINDS = ["image", "video", "model", "table", "text", "audio", "policy", "other"]
CAMERAS = [f"camera-{number}" for number in range(50)]
AUTHORS = 5_000
_TAG_WEIGHTS = [1 / (rank + 2) for rank in range(len(TAGS))]
_KIND_WEIGHTS = [40, 10, 10, 10, 10, 10, 5, 5]
_BEGAN = datetime(2024, 1, 1, tzinfo=UTC)


def make_asset(number: int) -> Asset:
    """Return the asset of that number, the same each time."""
    random = Random(number)
    made_at = _BEGAN + timedelta(seconds=60 * number + random.randrange(60))
    kind = random.choices(KINDS, _KIND_WEIGHTS)[0]
    return Asset(
        id=f"{random.getrandbits(128):032x}",
        assets_db_id="bench",
        name=AssetName(f"asset-{random.randrange(1_000_000)}", f"{number % 30}.{number}", "final"),
        visibility=AssetVisibility.PRIVATE if number % 50 == 0 else AssetVisibility.PUBLIC,
        owner_id=number % 100,
        owner_name=f"person-{number % 100}",
        created_at=made_at,
        updated_at=made_at,
        metadata={
            "type": kind,
            "camera": random.choice(CAMERAS),
            "author": f"author-{random.randrange(AUTHORS)}",
            "width": random.randrange(10_000),
            "score": random.random(),
            "description": f"Taken on line {random.randrange(40)} during shift {number % 3}",
            "lens": {"maker": f"maker-{number % 7}", "focal_mm": random.choice([12, 24, 35, 50])},
        },
        tags=tuple(dict.fromkeys(random.choices(TAGS, _TAG_WEIGHTS, k=4))),
        file=AssetFile(
            site_id=SiteId(1),
            size_bytes=random.randrange(10**8),
            md5=Md5(f"{random.getrandbits(128):032x}"),
            sha256=f"{random.getrandbits(256):064x}",
            format="image/png" if kind == "image" else "application/octet-stream",
            file_name=f"file-{number}.bin",
        ),
        public_url=f"https://labset.example/asset-object/{number}",
    )


def rare_author(random: Random) -> str:
    """Return somebody who made one asset in five thousand."""
    return f"author-{random.randrange(AUTHORS)}"
