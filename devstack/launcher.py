"""`make run`: start everything, keep it running, end it together."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from devstack.demo import LAB_SITE, Demo, S3Access, make_demo
from devstack.http import Api, Refused, answers
from devstack.people import Cast, load_cast, make_cast, make_groups
from devstack.private_files import write_private
from devstack.processes import STOP_SECONDS, Child, check_free, wait_for
from devstack.s3 import SeaweedServer

_CHECKOUT = Path(__file__).resolve().parent.parent
_BUCKET = "labset"
_OPEN_LINES = (
    "",
    "  WARNING: LABSET_ASSETS_OPEN=1: whoever reaches this address may upload and change assets,",
    "  without a token. Only for a network that you trust.",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything stands, as the environment decides."""

    home: Path
    bind: str
    app_port: int
    gitlab_port: int
    s3_port: int
    demo: bool
    assets_open: bool = False
    more_hosts: str = ""

    @property
    def host(self) -> str:
        """The address by which this machine reaches what is bound."""
        return "127.0.0.1" if self.bind in {"0.0.0.0", "::"} else self.bind  # noqa: S104 - a comparison

    @property
    def ports(self) -> dict[str, int]:
        """The ports that must be free, by the setting that moves them (S3 looks itself)."""
        return {"LABSET_PORT": self.app_port, "LABSET_GITLAB_PORT": self.gitlab_port}

    @property
    def app_url(self) -> str:
        """Where Labset answers."""
        return f"http://{self.host}:{self.app_port}"

    @property
    def allowed_hosts(self) -> str:
        """The S3 server of the stack, without which nothing works, and what the operator lists."""
        more = self.more_hosts.replace(",", " ").split()
        return ",".join(dict.fromkeys([f"{self.host}:{self.s3_port}", *more]))

    @property
    def gitlab_url(self) -> str:
        """Where the GitLab look-alike answers."""
        return f"http://{self.host}:{self.gitlab_port}"


def read_plan(environment: Mapping[str, str]) -> Plan:
    """Return the plan that `LABSET_HOME`, `LABSET_PORT`, … describe."""
    return Plan(
        home=Path(environment.get("LABSET_HOME") or "var").resolve(),
        bind=environment.get("LABSET_BIND") or "127.0.0.1",
        app_port=int(environment.get("LABSET_PORT") or 8000),
        gitlab_port=int(environment.get("LABSET_GITLAB_PORT") or 8929),
        s3_port=int(environment.get("LABSET_S3_PORT") or 9000),
        demo=environment.get("LABSET_DEMO", "1") != "0",
        assets_open=environment.get("LABSET_ASSETS_OPEN", "0") not in {"", "0"},
        more_hosts=environment.get("LABSET_ALLOWED_HOSTS", ""),
    )


class Stack:
    """The servers of one home, from start to end."""

    def __init__(self, plan: Plan) -> None:
        """Prepare the home; nothing is started yet."""
        self.plan = plan
        plan.home.mkdir(parents=True, exist_ok=True)
        self._s3 = SeaweedServer(plan.home / "s3", plan.s3_port, plan.bind, buckets=(_BUCKET,))
        self._root_token_file = plan.home / "gitlab" / "root-token"
        self._cast = load_cast(plan.home / "stack.json")
        self._gitlab = self._child("gitlab", self._gitlab_command(), {})
        self._web: Child | None = None
        self._worker: Child | None = None
        self._demo: Demo | None = None
        self._ending = threading.Event()

    def start(self) -> None:
        """Start all in order; return when `ready.json` is written."""
        (self.plan.home / "ready.json").unlink(missing_ok=True)
        for name, port in self.plan.ports.items():
            check_free(self.plan.bind, port, name)
        self._s3.start()
        self._gitlab.start()
        wait_for(
            lambda: answers(f"{self.plan.gitlab_url}/-/health") and self._root_token_file.exists(),
            [self._gitlab],
            "The GitLab look-alike",
        )
        self._prepare_people()
        self._s3.wait()
        self._start_labset()
        if self.plan.demo:
            self._demo = self._make_demo()
        self._write_ready()

    def keep_running(self) -> None:
        """Start again what falls, until somebody ends the stack."""
        while not self._ending.wait(0.2):
            for child in self._children():
                if child.has_fallen() and not self._ending.is_set():
                    print(f"{child.name} fell; it is started again (see {child.log})", flush=True)
                    child.start_again()
                    self._write_ready()
            if not self._s3.runs():
                print("s3 fell; it is started again", flush=True)
                self._s3.start()
                self._s3.wait()
                self._write_ready()

    def end(self) -> None:
        """Ask `keep_running` to return."""
        self._ending.set()

    def stop(self) -> None:
        """End everything that was started."""
        self._ending.set()
        children = self._children()
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            child.stop(deadline)
        self._s3.stop()
        (self.plan.home / "ready.json").unlink(missing_ok=True)

    def describe(self) -> str:
        """Return what a newcomer needs to read."""
        lines = [
            "",
            f"  Labset             {self.plan.app_url}",
            f"  GitLab look-alike  {self.plan.gitlab_url}",
            *(_OPEN_LINES if self.plan.assets_open else ()),
            "",
            "  sign in as",
            *(f"    {name:6} {login.password}" for name, login in self._cast.users.items()),
            "",
        ]
        return "\n".join([*lines, *self._ready_lines(), "", "  Ctrl-C ends everything.", ""])

    def _ready_lines(self) -> list[str]:
        if self._demo is None:
            return []
        token = self._cast.users["alice"].token
        demo, name = self._demo, self._demo.file.rpartition("/")[2]
        api = f"{self.plan.app_url}/api/v1/datasets/{demo.dataset_id}"
        clone = self.plan.gitlab_url.replace("://", f"://alice:{token}@")
        return [
            "  one pinned file:",
            f'    curl -k -b "tokenGitLab={token}" "{api}/files/{demo.file}?ref={demo.tag}" --output {name}',
            "  the whole dataset with dvc:",
            f"    git clone {clone}/lab/vitvi.git && cd vitvi",
            f'    dvc remote modify --local labset password "Bearer {token}" && dvc pull',
            "  the same with the client, no git and no dvc:",
            f"    export LABSET_URL={self.plan.app_url} LABSET_TOKEN={token}",
            f"    {_client()} download --project-id {demo.dataset_id} --ref {demo.tag} --output vitvi-{demo.tag}",
            "  one more file, one commit:",
            f'    curl -T photo.jpg -H "PRIVATE-TOKEN: {token}" "{api}/files/photos/photo.jpg?branch=main"',
        ]

    def _children(self) -> list[Child]:
        return [child for child in (self._worker, self._web, self._gitlab) if child is not None]

    def _child(self, name: str, command: list[str], environment: Mapping[str, str]) -> Child:
        log = self.plan.home / "logs" / f"{name}.log"
        return Child(name, command, {"PYTHONPATH": str(_CHECKOUT), **environment}, log)

    def _gitlab_command(self) -> list[str]:
        plan = self.plan
        return [
            *(sys.executable, "-m", "devstack.gitlab"),
            *("--home", str(plan.home / "gitlab"), "--port", str(plan.gitlab_port)),
            *("--bind", plan.bind, "--external-url", plan.gitlab_url),
            *("--root-token-file", str(self._root_token_file)),
        ]

    def _root_token(self) -> str:
        return self._root_token_file.read_text(encoding="utf-8").strip()

    def _prepare_people(self) -> None:
        root = Api(f"{self.plan.gitlab_url}/api/v4", self._root_token())
        make_cast(root, self._cast, self.plan.app_url)
        make_groups(root)
        self._cast.save(self.plan.home / "stack.json")

    def _start_labset(self) -> None:
        environment = self._labset_environment(self._cast)
        self._keep_environment(environment)
        python = sys.executable
        bind = f"{self.plan.bind}:{self.plan.app_port}"
        gunicorn = [python, "-m", "gunicorn", "-c", str(_CHECKOUT / "gunicorn.conf.py")]
        self._web = self._child("web", [*gunicorn, "--bind", bind, "wsgi:app"], environment)
        self._worker = self._child("worker", [python, "-m", "app.worker"], environment)
        self._web.start()
        self._worker.start()
        wait_for(
            lambda: answers(f"{self.plan.app_url}/health"), [self._web, self._worker], "Labset"
        )

    def _labset_environment(self, cast: Cast) -> dict[str, str]:
        plan = self.plan
        chosen = {
            "LABSET_HOME": str(plan.home),
            "LABSET_SECRET_KEY": cast.secret_key,
            "LABSET_BASE_URL": os.environ.get("LABSET_BASE_URL") or plan.app_url,
            "LABSET_GITLAB_URL": plan.gitlab_url,
            "LABSET_GITLAB_OAUTH_ID": cast.oauth_id,
            "LABSET_GITLAB_OAUTH_SECRET": cast.oauth_secret,
            "LABSET_GITLAB_SERVICE_TOKEN": self._root_token(),
            "LABSET_LOCAL_ROOTS": str(plan.home / "local-sites"),
            "LABSET_ASSETS_SITE": LAB_SITE,
        }
        (plan.home / "local-sites").mkdir(exist_ok=True)
        told = {name: os.environ.get(name) or value for name, value in chosen.items()}
        return {**told, "LABSET_ALLOWED_HOSTS": plan.allowed_hosts}

    def _keep_environment(self, environment: Mapping[str, str]) -> None:
        """Leave what the server was started with to `make reindex` and other commands."""
        lines = (f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())
        write_private(self.plan.home / "labset.env", "".join(lines))

    def _make_demo(self) -> Demo:
        api = f"{self.plan.app_url}/api/v1"
        return make_demo(
            Api(api, self._cast.users["alice"].token),
            Api(api, self._root_token()),
            S3Access(self._s3.endpoint, _BUCKET, self._s3.access_key, self._s3.secret_key),
            self.plan.home / "local-sites" / "archive",
        )

    def _write_ready(self) -> None:
        children = {child.name: child.pid for child in self._children()}
        ready = {
            "app_url": self.plan.app_url,
            "gitlab_url": self.plan.gitlab_url,
            "s3": {
                "endpoint": self._s3.endpoint,
                "access_key": self._s3.access_key,
                "secret_key": self._s3.secret_key,
                "bucket": _BUCKET,
            },
            "root_token": self._root_token(),
            "users": {name: asdict(login) for name, login in self._cast.users.items()},
            "demo": asdict(self._demo) if self._demo else None,
            "pids": {**children, "s3": self._s3.pid},
        }
        write_private(self.plan.home / "ready.json", json.dumps(ready, indent=2))


def _client() -> str:
    """Return how the client of this checkout is called from here."""
    script = Path(sys.executable).with_name("labset")
    if not script.exists():
        return f"{shlex.quote(sys.executable)} -m labset"
    here = Path.cwd()
    return shlex.quote(str(script.relative_to(here) if script.is_relative_to(here) else script))


def run(environment: Mapping[str, str]) -> int:
    """Run the stack until SIGINT or SIGTERM; return the exit status."""
    stack = Stack(read_plan(environment))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stack.end())
    try:
        stack.start()
        print(stack.describe(), flush=True)
        stack.keep_running()
    except (RuntimeError, OSError, Refused) as problem:
        print(f"The stack could not be started: {problem}", file=sys.stderr)
        return 1
    finally:
        stack.stop()
    return 0
