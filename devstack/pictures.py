"""Varied weld pictures with VOC boxes, drawn from a seed: the same ones at every start."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 480, 320
_KINDS = ("pore", "crack", "spatter", "undercut")
_PLATES = ((96, 102, 110), (120, 112, 100), (78, 84, 88), (134, 128, 122), (104, 96, 92))


@dataclass(frozen=True, slots=True)
class Box:
    """A defect: its kind and its corners in pixels."""

    kind: str
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as a JPEG with its annotation in Pascal VOC's XML."""

    name: str
    jpeg: bytes
    annotation: bytes


def draw_pictures(count: int, line: int = 1) -> Iterator[Picture]:
    """Yield `count` pictures of a production line; equal arguments draw equal pictures."""
    for index in range(count):
        chance = random.Random(f"weld {line} {index}")
        image, boxes = _draw(chance)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=chance.randint(68, 88))
        jpeg = buffer.getvalue()
        digest = hashlib.md5(f"{line} {index}".encode(), usedforsecurity=False).hexdigest()
        name = f"{line}-{digest}"
        yield Picture(name, jpeg, _annotation(name, boxes))


def _draw(chance: random.Random) -> tuple[Image.Image, list[Box]]:
    image = _plate(chance)
    draw = ImageDraw.Draw(image)
    seam = HEIGHT // 2 + chance.randint(-50, 50)
    slope = chance.uniform(-0.12, 0.12)
    _draw_seam(draw, chance, seam, slope)
    boxes = [_draw_defect(draw, chance, seam, slope) for _ in range(chance.randint(0, 4))]
    return image.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 1.1))), boxes


def _plate(chance: random.Random) -> Image.Image:
    base = chance.choice(_PLATES)
    light = Image.linear_gradient("L").rotate(chance.choice((0, 90, 180, 270)))
    light = light.resize((WIDTH, HEIGHT)).point([value // 5 for value in range(256)])
    plate = Image.new("RGB", (WIDTH, HEIGHT), base)
    draw = ImageDraw.Draw(plate)
    for _ in range(chance.randint(60, 140)):
        shift = chance.randint(-14, 14)
        shade = tuple(max(0, part + shift) for part in base)
        row = chance.randrange(HEIGHT)
        start = chance.randrange(WIDTH)
        draw.line((start, row, start + chance.randint(20, 220), row), fill=shade)
    bright = Image.new("RGB", (WIDTH, HEIGHT), tuple(min(255, part + 70) for part in base))
    return Image.composite(bright, plate, light)


def _draw_seam(draw: ImageDraw.ImageDraw, chance: random.Random, seam: int, slope: float) -> None:
    thick = chance.randint(18, 34)
    tint = chance.choice(((168, 150, 120), (150, 156, 168), (176, 168, 158)))
    step = chance.randint(6, 11)
    for x in range(-20, WIDTH + 20, step):
        y = seam + slope * (x - WIDTH / 2) + chance.uniform(-2, 2)
        shift = chance.randint(-26, 26)
        shade = tuple(max(0, min(255, part + shift)) for part in tint)
        draw.ellipse((x - step, y - thick / 2, x + step * 2, y + thick / 2), fill=shade)
        draw.arc((x - step, y - thick / 2, x + step * 2, y + thick / 2), 260, 80, fill=(90, 84, 76))


def _draw_defect(draw: ImageDraw.ImageDraw, chance: random.Random, seam: int, slope: float) -> Box:
    kind = chance.choice(_KINDS)
    x = chance.randint(40, WIDTH - 80)
    y = int(seam + slope * (x - WIDTH / 2)) + chance.randint(-16, 16)
    width, height = (chance.randint(30, 62), 8) if kind == "crack" else (chance.randint(9, 24),) * 2
    right, bottom = x + width, y + height
    dark = tuple(chance.randint(12, 48) for _ in range(3))
    if kind == "crack":
        points = [(x + i * width / 6, y + chance.randint(0, height)) for i in range(7)]
        draw.line(points, fill=dark, width=chance.randint(1, 3))
    elif kind == "spatter":
        draw.ellipse((x, y, right, bottom), fill=(206, 196, 178), outline=dark)
    elif kind == "undercut":
        draw.chord((x, y, right, bottom), 180, 360, fill=dark)
    else:
        draw.ellipse((x, y, right, bottom), fill=dark)
    return Box(kind, x - 3, y - 3, right + 3, bottom + 3)


def _annotation(name: str, boxes: list[Box]) -> bytes:
    objects = "".join(
        f"""  <object>
    <name>{box.kind}</name>
    <difficult>0</difficult>
    <bndbox>
      <xmin>{box.left}</xmin><ymin>{box.top}</ymin>
      <xmax>{box.right}</xmax><ymax>{box.bottom}</ymax>
    </bndbox>
  </object>
"""
        for box in boxes
    )
    return f"""<annotation>
  <folder>VITVI</folder>
  <filename>{name}.jpg</filename>
  <size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>
{objects}</annotation>
""".encode()
