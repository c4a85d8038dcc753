"""A load generator: many kept connections that ask for one URL as fast as they are answered.

Run as its own process: `python -m bench.load URL TOKEN CONNECTIONS SECONDS` prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit


async def _ask(url: str, token: str, until: float, seconds: list[float]) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    request = (
        f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()
    while (started := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode(errors="replace"))
        await reader.readexactly(_content_length(head))
        seconds.append(time.perf_counter() - started)
    writer.close()


def _content_length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    return int(lower[start : lower.index(b"\r\n", start)])


async def _run(url: str, token: str, connections: int, duration: float) -> dict[str, float]:
    seconds: list[float] = []
    started = time.perf_counter()
    until = started + duration
    await asyncio.gather(*(_ask(url, token, until, seconds) for _ in range(connections)))
    took = time.perf_counter() - started
    seconds.sort()
    return {
        "requests": len(seconds),
        "per_second": len(seconds) / took,
        "p50_ms": seconds[len(seconds) // 2] * 1000,
        "p99_ms": seconds[len(seconds) * 99 // 100] * 1000,
    }


if __name__ == "__main__":
    _url, _token, _connections, _duration = sys.argv[1:5]
    print(json.dumps(asyncio.run(_run(_url, _token, int(_connections), float(_duration)))))
