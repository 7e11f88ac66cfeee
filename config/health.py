"""Liveness and readiness. Only the database decides about 503: a dead queue must not take the service away."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from config import registry, storages
from config.accounts.access import public
from config.work.services import oldest_due_seconds

LATE_SECONDS = 120
_migrations_seen_complete = False


@public
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@public
def readyz(request: HttpRequest) -> JsonResponse:
    down = _database()
    if down:
        return JsonResponse({"status": "down", "database": down}, status=503)
    reasons: list[str] = []
    body: dict = {"database": "ok"}
    for name, check in (("storage", storages.check), ("broker", broker)):
        problem = check()
        body[name] = problem or "ok"
        if problem:
            reasons.append(problem)
    waited = oldest_due_seconds()
    body["oldest_waiting_seconds"] = round(waited, 1)
    if waited > LATE_SECONDS:
        reasons.append(f"work has waited for {round(waited)} s")
    for name, fact in registry.readiness.items():
        body[name] = fact()
        if body[name].get("degraded"):
            reasons.append(body[name]["degraded"])
    return JsonResponse({"status": "degraded" if reasons else "ready", "reasons": reasons, **body})


def _database() -> str:
    global _migrations_seen_complete
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _migrations_seen_complete:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return "migrations are missing"
            _migrations_seen_complete = True
    except DatabaseError as error:
        return f"database does not answer ({type(error).__name__})"
    return ""


def broker() -> str:
    """ "" when it answers, else why not."""
    import redis

    try:
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5, retry_on_timeout=False
        )
        try:
            client.ping()
        finally:
            client.close()
    except (redis.RedisError, OSError, ValueError) as error:
        return f"broker does not answer ({type(error).__name__})"
    return ""
