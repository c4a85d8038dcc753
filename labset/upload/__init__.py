"""Upload files and folders: hash first, send what is missing, one commit at the end."""

from __future__ import annotations

from labset.upload.uploading import Uploaded, upload

__all__ = ["Uploaded", "upload"]
