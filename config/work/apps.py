from django.apps import AppConfig

from config import navigation


class WorkConfig(AppConfig):
    name = "config.work"
    label = "work"

    def ready(self) -> None:
        navigation.register("administrator", "Background work", "work:attention", seldom=True)
