"""``/dumps``: the public register as files, with digests that the transparency log holds."""

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from rest_framework import serializers

from api import etags
from api.problems import Refusal
from api.public import documents, route
from api.public import log as log_routes
from api.public.documents import Document
from verification import dumps


class FileBody(serializers.Serializer[Any]):
    """A file of a dump."""

    name = serializers.CharField()
    table = serializers.ChoiceField(choices=list(dumps.TABLES))
    media_type = serializers.CharField(help_text="Of what is in it; the file itself is gzip.")
    sha256 = serializers.CharField(help_text="Of the file as it is served.")
    bytes = serializers.IntegerField()
    rows = serializers.IntegerField()


class AfterBody(serializers.Serializer[Any]):
    """Where a delta begins."""

    sequence = serializers.IntegerField()
    at = serializers.DateTimeField()


class DumpBody(serializers.Serializer[Any]):
    """A dump: its manifest, as the log names it by its SHA-256."""

    schema = serializers.IntegerField(help_text="Version of the files' columns.")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=["full", "delta"])
    log = serializers.CharField(help_text="The log that names it.")
    at = serializers.DateTimeField(help_text="The instant that it tells of.")
    sequence = serializers.IntegerField(help_text="The newest entry in it.")
    after = AfterBody(allow_null=True, help_text="Where a delta begins.")
    files = FileBody(many=True)


class DumpsBody(serializers.Serializer[Any]):
    """The dumps there are, oldest first."""

    data = DumpBody(many=True)  # type: ignore[assignment]  # a field, which the serializer takes away


@route.get(tag="Dumps", body=DumpsBody)
def index(_ask: route.Ask) -> route.Answer:
    """The public register as files.

    The newest full dump and the deltas behind it give the register as it is. A file is at
    `/api/v1/dumps/{name}/{file}`, the manifest at `/api/v1/dumps/{name}/manifest.json`, and the proof that the log
    names that manifest at `/api/v1/dumps/{name}/proof`.
    """
    return route.Answer({"data": [dict(dump.manifest) for dump in dumps.current()]})


def file(request: HttpRequest, name: str, wanted: str) -> HttpResponseBase:
    """A file of a dump; it never changes."""
    try:
        found, digest = dumps.file(name, wanted)
    except dumps.DumpUnknown as unknown:
        raise Refusal("dump.not_found") from unknown
    etag = f'"{digest[:24]}"'
    headers = {"ETag": etag, "Cache-Control": documents.FINAL}
    held = request.headers.get("If-None-Match")
    if held is not None and etags.matches(held, etag):
        return HttpResponse(status=304, headers=headers)
    kind = "application/json" if found.suffix == ".json" else "application/gzip"
    return FileResponse(found.open("rb"), content_type=kind, headers=headers)


def proof(_request: HttpRequest, name: str) -> Document:
    """The proof that the log names the dump's manifest."""
    try:
        index_ = dumps.index_of(name)
    except dumps.DumpUnknown as unknown:
        raise Refusal("dump.not_found") from unknown
    return Document(log_routes.kept_proof(index_), log_routes.ASK_AGAIN, log_routes.TEXT)


urlpatterns: list[URLPattern] = [path("v1/dumps", index, name="dumps")]
files: list[URLPattern] = [
    path("v1/dumps/<str:name>/proof", log_routes.reads(log_routes.TEXT)(proof), name="dump-proof"),
    path("v1/dumps/<str:name>/<str:wanted>", log_routes.reads("application/gzip")(file), name="dump-file"),
]
"""What is no JSON of ours and described in words alone."""
