"""The test suite. The database, broker and storage come from the environment; without it, local ones of this process."""

import os
import tempfile
from pathlib import Path

VAR = Path(tempfile.mkdtemp(prefix="dermforward-test-"))
os.environ["DERMFORWARD_VAR"] = str(VAR)

from config.settings.base import *  # noqa: E402, F403
from config.settings.base import DATABASES, STORAGES  # noqa: E402

DEBUG = False
DEMO_ALLOWED = True
SECRET_KEY = "only-for-tests-" * 5
AUDIT_KEY = "only-for-tests-audit"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads race on it through connections of their own.
    DATABASES["default"]["NAME"] = VAR / "db.sqlite3"
    DATABASES["default"]["TEST"] = {"NAME": VAR / "test.sqlite3"}

# The live server answers static files straight from their folders.
WHITENOISE_USE_FINDERS = True
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
(VAR / "static").mkdir(exist_ok=True)
