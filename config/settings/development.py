"""The embedded default: SQLite, local files, no environment needed. It is the same program as production."""

import secrets

from config.settings import env
from config.settings.base import *  # noqa: F403
from config.settings.base import VAR

DEBUG = env.boolean("DEBUG", False)
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
DEMO_ALLOWED = True


def _kept_secret(name: str) -> str:
    """A secret of this folder's own, made once and kept under var/, so that sessions outlive a restart."""
    path = VAR / "secrets" / name
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        try:
            path.hardlink_to(fresh)  # the first of two starters wins; the other reads what it wrote
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        return path.read_text()


SECRET_KEY = env.text("SECRET_KEY", "") or _kept_secret("secret-key")
AUDIT_KEY = env.text("AUDIT_KEY", "") or _kept_secret("audit-key")
