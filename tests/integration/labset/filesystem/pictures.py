"""A data set as training loops have them, in a module that their workers load quickly."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from labset import LabsetFileSystem


class Pictures:
    """A map-style dataset as PyTorch's DataLoader takes it: it is copied to each worker."""

    def __init__(self, files: LabsetFileSystem, paths: Sequence[str]) -> None:
        self.files = files
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[str, tuple[int, int], int]:
        with self.files.open(self.paths[index]) as file, Image.open(file) as picture:
            picture.load()
            return str(picture.format), picture.size, len(picture.tobytes())
