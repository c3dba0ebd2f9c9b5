"""A web application of ours: routes and middleware of its own beside others in the same process."""

import gc
import os
from collections.abc import Callable, Sequence
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import set_urlconf

_USUAL = gc.get_threshold()
gc.set_threshold(100_000)  # until all is loaded, nearly all that is made stays: see Application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "api.conf.settings")
if not apps.ready:
    django.setup(set_prefix=False)


class Door(BaseHandler):
    """A request handler with the routes and middleware of one module, whatever the settings name."""

    def __init__(self, routes: str, middleware: Sequence[str], *args: Any, **kwargs: Any) -> None:
        """Answer with the ``urlpatterns`` of the module ``routes`` behind ``middleware``."""
        self.routes = routes
        self.middleware = list(middleware)
        super().__init__(*args, **kwargs)

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Build this door's own chain and set its routes before anything else sees a request."""
        usual = settings.MIDDLEWARE
        settings.MIDDLEWARE = self.middleware
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = usual
        chain: Callable[[HttpRequest], HttpResponseBase] = self._middleware_chain  # type: ignore[has-type]

        def enter(request: HttpRequest) -> HttpResponseBase:
            request.urlconf = self.routes
            set_urlconf(self.routes)
            return chain(request)

        self._middleware_chain = enter


class Application(Door, WSGIHandler):
    """A door that a WSGI server can open."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Load everything; what stands now stands for as long as the process, so the collector need not visit it."""
        super().__init__(*args, **kwargs)
        gc.freeze()
        gc.set_threshold(*_USUAL)
