"""Lists of projects: what a caller may see, narrowed, ordered and cut into pages by one SQL question."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from devstack.gitlab.store.access import ACCESS
from devstack.gitlab.store.database import Column, today
from devstack.gitlab.store.projects import COLUMNS, Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devstack.gitlab.store.database import Database
    from devstack.gitlab.store.users import User

SHORTEST_PARTIAL_SEARCH = 3
ORDERS = {
    "id": "p.id",
    "name": "fold(p.name)",
    "path": "fold(p.path)",
    "created_at": "p.created_at",
    "updated_at": "p.updated_at",
    "last_activity_at": "p.last_activity_at",
    "star_count": "(SELECT COUNT(*) FROM stars s WHERE s.project_id = p.id)",
    "similarity": "similarity",
    # Sizes of repositories are not in the database; GitLab, too, falls back to this for all but administrators.
    **dict.fromkeys(
        ("repository_size", "storage_size", "packages_size", "wiki_size"), "p.created_at"
    ),
}
SHARED_WITH = (
    "EXISTS (SELECT 1 FROM project_shares s WHERE s.project_id = p.id AND s.group_id = :group)"
)
_COLUMNS = ", ".join(f"p.{name.strip()}" for name in COLUMNS.split(","))


@dataclass(slots=True)
class ProjectSearch:
    """A question about projects that is narrowed step by step."""

    database: Database
    user: User | None
    conditions: list[str] = field(default_factory=lambda: ["p.deleting = 0"])
    values: dict[str, Any] = field(default_factory=dict)
    order: str = "p.created_at DESC, p.id DESC"

    def __post_init__(self) -> None:
        """Start with what the caller may see."""
        self.values |= {"user": self.user.id if self.user else 0, "today": today()}
        if self.user is None:
            self.conditions.append("p.visibility = 'public'")
        elif not self.user.admin:
            open_to = (
                "p.visibility = 'public'"
                if self.user.external
                else "p.visibility IN ('public', 'internal')"
            )
            self.conditions.append(f"({open_to} OR best.level >= 10)")

    def where(self, condition: str, **values: Column) -> None:
        """Narrow by an SQL condition on `p` and `best`."""
        self.conditions.append(condition)
        self.values |= values

    def having_text(self, text: str, *, namespaces: bool) -> None:
        """Narrow to projects in whose name, path or description all words of `text` occur."""
        words = text.split()
        columns = ["p.name", "p.path", "p.description", *(["p.full_path"] if namespaces else [])]
        if not words:
            return
        for number, word in enumerate(words):
            self.values[f"word{number}"] = word.casefold()
        tests = [f"fold({column}) = :word{{0}}" for column in columns]
        if len(text) >= SHORTEST_PARTIAL_SEARCH:
            tests = [f"instr(fold({column}), :word{{0}}) > 0" for column in columns]
        per_column = [
            " AND ".join(test.format(number) for number in range(len(words))) for test in tests
        ]
        self.conditions.append("(" + " OR ".join(f"({test})" for test in per_column) + ")")
        self.values["phrase"] = text.casefold()

    def having_topics(self, names: Sequence[str]) -> None:
        """Narrow to projects that have every one of these topics."""
        for number, name in enumerate(names):
            self.where(
                "EXISTS (SELECT 1 FROM project_topics pt JOIN topics t ON t.id = pt.topic_id"
                f" WHERE pt.project_id = p.id AND t.name = :topic{number})",
                **{f"topic{number}": name},
            )

    def sorted_by(self, column: str, direction: str) -> None:
        """Order by one of ORDERS; the id decides among equals."""
        expression = ORDERS[column]
        if column == "similarity":
            expression = (
                (
                    "((fold(p.name) = :phrase OR fold(p.path) = :phrase) * 4 + (instr(fold(p.name), :phrase) = 1) * 2"
                    " + (instr(fold(p.path), :phrase) > 0))"
                )
                if "phrase" in self.values
                else "p.created_at"
            )
        self.order = f"{expression} {direction.upper()}, p.id {direction.upper()}"

    def count(self) -> int:
        """Return how many there are in all."""
        return int(self.database.value(self._sql("COUNT(*)"), self.values))

    def page(self, limit: int, offset: int = 0) -> list[Project]:
        """Return one page."""
        sql = self._sql(_COLUMNS) + f" ORDER BY {self.order} LIMIT {limit:d} OFFSET {offset:d}"
        return [Project(*row) for row in self.database.rows(sql, self.values)]

    def _sql(self, what: str) -> str:
        wheres = " AND ".join(self.conditions)
        source = "projects p LEFT JOIN best ON best.project_id = p.id"
        return f"WITH RECURSIVE {ACCESS} SELECT {what} FROM {source} WHERE {wheres}"
