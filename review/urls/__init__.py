from review.urls.critical import urlpatterns as critical
from review.urls.items import urlpatterns as items
from review.urls.reading import urlpatterns as reading
from review.urls.results import urlpatterns as results

app_name = "review"
urlpatterns = [*reading, *results, *items, *critical]
