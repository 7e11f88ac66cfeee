"""Mail settings from the environment: EMAIL_URL, or SMTP_HOST and its companions, or none (files under var/mail)."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.settings import env

_DEFAULT_PORT = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def sms_settings() -> dict:
    """SMS_PROVIDER: empty (none), console, smtp (with SMS_GATEWAY) or the dotted path of a function."""
    provider, gateway = env.text("SMS_PROVIDER", ""), env.text("SMS_GATEWAY", "")
    if provider == "smtp" and not gateway:
        raise ImproperlyConfigured("SMS_PROVIDER is smtp. Set SMS_GATEWAY to the domain that turns mail into messages.")
    return {"SMS_PROVIDER": provider, "SMS_GATEWAY": gateway}


def mail_settings(var: Path) -> dict:
    common = {
        "MAIL_FOLDER": var / "mail",
        "DEFAULT_FROM_EMAIL": env.text("MAIL_FROM", "Dermforward <no-reply@localhost>"),
        "EMAIL_TIMEOUT": 20,
    }
    url = env.text("EMAIL_URL", "")
    if url:
        return common | _from_url(url)
    host = env.text("SMTP_HOST", "")
    if host:
        security = env.text("SMTP_SECURITY", "tls")
        if security not in {"tls", "ssl", "none"}:
            raise ImproperlyConfigured(f"SMTP_SECURITY is {security!r}. Write tls, ssl or none.")
        return common | _smtp(
            host,
            env.integer("SMTP_PORT", {"tls": 587, "ssl": 465, "none": 25}[security]),
            env.text("SMTP_USER", ""),
            env.text("SMTP_PASSWORD", ""),
            security,
        )
    return common | {"EMAIL_BACKEND": "config.mail.FolderBackend"}


def _from_url(url: str) -> dict:
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORT or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL is not understood. Write smtp+tls://user:password@host:587.")
    security = {"smtp": "none", "smtp+tls": "tls", "smtps": "ssl"}[parts.scheme]
    return _smtp(
        parts.hostname,
        parts.port or _DEFAULT_PORT[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        security,
    )


def _smtp(host: str, port: int, user: str, password: str, security: str) -> dict:
    return {
        "EMAIL_BACKEND": "config.mail.KeptConnectionBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": user,
        "EMAIL_HOST_PASSWORD": password,
        "EMAIL_USE_TLS": security == "tls",
        "EMAIL_USE_SSL": security == "ssl",
    }
