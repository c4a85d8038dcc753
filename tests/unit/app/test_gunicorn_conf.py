from __future__ import annotations

import runpy
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

_CONF = Path(__file__).resolve().parents[3] / "gunicorn.conf.py"


def test_a_process_that_is_told_twice_to_end_while_it_gives_work_to_a_thread_ends() -> None:
    kind = runpy.run_path(str(_CONF))["PatientWorker"]
    worker = kind.__new__(kind)
    worker.alive = True
    worker.cfg = SimpleNamespace(worker_int=lambda _: None)
    with ThreadPoolExecutor(1) as worker.tpool, vars(worker.tpool)["_shutdown_lock"]:
        with pytest.raises(SystemExit):
            worker.handle_quit(signal.SIGINT, None)
        worker.handle_quit(signal.SIGQUIT, None)
    assert worker.alive is False
