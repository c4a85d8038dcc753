from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from app.serving.patient_worker import PatientWorker


def test_a_process_that_is_told_twice_to_end_while_it_gives_work_to_a_thread_ends() -> None:
    worker: Any = PatientWorker.__new__(PatientWorker)
    worker.alive = True
    worker.cfg = SimpleNamespace(worker_int=lambda _: None)
    with ThreadPoolExecutor(1) as worker.tpool, vars(worker.tpool)["_shutdown_lock"]:
        with pytest.raises(SystemExit):
            worker.handle_quit(signal.SIGINT, None)
        worker.handle_quit(signal.SIGQUIT, None)
    assert worker.alive is False
