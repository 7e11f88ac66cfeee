from collections.abc import Iterator

from config.audit import guards, seals, triggers


def chain_holds() -> Iterator[str]:
    verdict = seals.verify()
    yield from verdict.breaks
    if verdict.late:
        yield f"an audit row has waited {verdict.oldest_seconds} s for its seal"


def append_only_tables_are_guarded() -> Iterator[str]:
    for table in triggers.missing():
        yield f"{table} can be changed: a trigger is missing, run migrate"
    for name in guards.missing():
        yield f"the guard {name} is missing, run migrate"
