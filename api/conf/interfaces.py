"""Settings of the frameworks behind the programming interfaces: what describes them and what answers an error."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.problems.exception_handler",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Recruiter licence register",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "ChannelKind": "api.public.bodies.CHANNEL_KINDS",
        "RequestKind": "registry.subjects.KINDS",
        "ProposalState": "api.staff.steps.PROPOSAL_STATES",
        "OfficeKind": "api.public.bodies.OFFICE_KINDS",
        "BadgeKind": "api.public.badges.SUBJECT_KINDS",
        "AlertKind": "registry.rules.alerts.KINDS",
        "AlertState": "registry.rules.alerts.STATES",
        "DebarmentKind": "registry.debarments.KINDS",
        "DebarmentState": "registry.debarments.STATES",
        "ReceiptReason": "api.public.receipts.RECEIPT_REASONS",
        "CredentialReason": "api.public.receipts.CREDENTIAL_REASONS",
    },
}
