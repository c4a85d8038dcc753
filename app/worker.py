"""The worker: `python -m app.worker`, or `celery -A app.worker worker` with options of one's own.

SIGTERM ends it within seconds, whatever runs: rows and leases are the truth, and another worker, or
this one at its next start, goes on from there.
"""

from __future__ import annotations

import os
import threading

from celery import Celery
from celery.signals import worker_ready, worker_shutting_down

from app.jobs import QUEUE, RUN_JOB, Work, count_messages, make_celery, make_wake, run_job
from app.logs import set_up_logging
from app.reconciler import Upkeep
from app.registry_checks import start_checks
from app.settings import read_settings
from app.wiring import open_services
from core.usecases.jobs.verification import KIND as VERIFICATION
from core.usecases.jobs.verification import run_verification

WORK: dict[str, Work] = {VERIFICATION: run_verification}
_THREADS = 4
_GRACE_SECONDS = 5.0


def make_worker() -> Celery:
    """Return the Celery application with its tasks, its reconciler and its looks at other databases."""
    settings = read_settings(os.environ)
    services = open_services(settings)
    celery = make_celery(settings)
    stop = threading.Event()
    upkeep = Upkeep(
        platform=services.platform,
        assets=services.assets,
        logins=services.logins,
        sweep_staging=services.sweep_staging,
        count_messages=lambda: count_messages(celery),
        wake=make_wake(celery),
        home=settings.home,
    )

    @celery.task(name=RUN_JOB, shared=False)
    def run(job_id: str) -> None:
        run_job(services.platform, WORK, job_id)

    def begin(**_facts: object) -> None:
        threading.Thread(target=upkeep.run, args=(stop,), name="reconciler", daemon=True).start()
        start_checks(services.assets, stop)

    def end(**_facts: object) -> None:
        stop.set()
        last = threading.Timer(_GRACE_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()

    worker_ready.connect(begin, weak=False)
    worker_shutting_down.connect(end, weak=False)
    return celery


def main() -> None:
    """Work until told to stop."""
    set_up_logging()
    celery.worker_main(
        [
            "worker",
            "--pool=threads",
            f"--concurrency={_THREADS}",
            f"--queues={QUEUE}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel=WARNING",
        ]
    )


celery = make_worker()

if __name__ == "__main__":
    main()
