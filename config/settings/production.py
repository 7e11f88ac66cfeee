"""Production: no default for a secret, HTTPS only, and no demo data."""

from django.core.exceptions import ImproperlyConfigured

from config.settings import env
from config.settings.base import *  # noqa: F403

DEBUG = False
DEMO_ALLOWED = False
SECRET_KEY = env.text("SECRET_KEY")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY is too short. Use at least 50 random characters.")
SECRET_KEY_FALLBACKS = env.listing("SECRET_KEY_FALLBACKS")
AUDIT_KEY = env.text("AUDIT_KEY")
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS")
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("Set ALLOWED_HOSTS to the host names of this service, separated by commas.")
env.text("DATABASE_URL")
env.text("REDIS_URL")
PUBLIC_URL = env.text("PUBLIC_URL")
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS", PUBLIC_URL)

SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.boolean("BEHIND_PROXY", True) else None
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 1 if env.boolean("BEHIND_PROXY", True) else 0)
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"
