"""`make bench`: peers and Labset on the same work in one run, printed as ratios.

`python -m bench [upload] [small] [large]` measures only what is named.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.downloading import measure_large, measure_small
from bench.stack import Running, running_stack
from bench.uploading import make_folder, measure_uploads

PARTS = ("upload", "small", "large")


def _report_uploads(stack: Running, folder: Path, work: Path) -> None:
    seconds = measure_uploads(stack, folder, work)
    dvc, rclone = seconds["dvc add + git commit + dvc push"], seconds["rclone copy"]
    print("\n2,000 x 20 kB to S3 and committed      seconds   dvc / it   it / rclone")
    for name, taken in seconds.items():
        print(f"  {name:34} {taken:9.2f} {dvc / taken:10.1f} {taken / rclone:13.2f}")
    print("  wanted: dvc / it >= 6 for one request per file and for batch; batch / rclone <= 3")


def _report_small(stack: Running, folder: Path) -> None:
    seen = measure_small(stack, folder)
    print("\nref-pinned download of 20 kB, warm, 16 connections")
    print(f"  requests/s {seen['per_second']:8.0f}   wanted >= 1,000")
    print(f"  p50 ms     {seen['p50_ms']:8.1f}")
    print(f"  p99 ms     {seen['p99_ms']:8.1f}   wanted < 60")
    print(f"  first read of a fresh tag, s {seen['first_read_seconds']:.3f}   wanted < 1")


def _report_large(stack: Running, work: Path) -> None:
    seen = measure_large(stack, work)
    ratio = seen["labset_mb_per_second"] / seen["s3_mb_per_second"]
    print("\n512 MB to curl")
    print(f"  S3 itself  {seen['s3_mb_per_second']:8.0f} MB/s")
    print(
        f"  Labset     {seen['labset_mb_per_second']:8.0f} MB/s   ratio {ratio:.2f}, wanted >= 0.4"
    )
    print(f"  memory growth of the web processes {seen['memory_growth_mb']:.0f} MB, wanted < 64")


def main(parts: list[str]) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="labset-bench-") as name:
        work = Path(name)
        folder = make_folder(work / "files")
        with running_stack(work / "home") as stack:
            if "upload" in parts:
                _report_uploads(stack, folder, work)
            if "small" in parts:
                _report_small(stack, folder)
            if "large" in parts:
                _report_large(stack, work)


if __name__ == "__main__":
    main(sys.argv[1:] or list(PARTS))
