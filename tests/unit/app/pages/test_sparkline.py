from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.pages.registry.sparkline import BAR_WIDTH, HEIGHT, LEAST_WIDTH, STEP, drawing_of
from core.model.registry import HealthCheck

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def look(minutes_ago: int, seconds: float, problem: str | None = None) -> HealthCheck:
    return HealthCheck(NOW - timedelta(minutes=minutes_ago), seconds, problem)


def test_the_oldest_stands_left_and_the_slowest_good_one_is_full() -> None:
    bars = drawing_of([look(0, 0.1), look(10, 0.2), look(20, 5.0, "late")]).bars
    assert [bar.check.seconds for bar in bars] == [5.0, 0.2, 0.1]
    assert [bar.x for bar in bars] == [0, 8, 16]
    assert [bar.height for bar in bars] == [HEIGHT, HEIGHT, HEIGHT // 2]
    assert all(bar.y + bar.height == HEIGHT for bar in bars)


def test_nothing_and_instant_answers_are_drawn_as_well() -> None:
    assert drawing_of([]).bars == []
    [bar] = drawing_of([look(0, 0.0)]).bars
    assert 0 < bar.height < HEIGHT


def test_the_drawing_holds_all_bars_and_is_never_narrow() -> None:
    assert drawing_of([look(0, 0.1)]).width == LEAST_WIDTH
    many = drawing_of([look(minute, 0.1) for minute in range(60)])
    assert many.width == 60 * STEP
    assert many.bars[-1].x + BAR_WIDTH <= many.width
