import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
application = get_wsgi_application()

# What is loaded by now stays: looking through it at each full collection would cost a page now and then 50 ms.
gc.collect()
gc.freeze()
