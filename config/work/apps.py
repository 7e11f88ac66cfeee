from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "config.work"
    label = "work"
