"""Settings of both applications, the worker and the commands; places differ in their environment.

Each variable is described in ``docs/deployment.md``. Without any, a demo runs on the embedded
database with keys that ``check --deploy`` refuses.
"""

from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from api.conf import demo_place, embedded, environment, languages, logs
from api.conf.interfaces import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 - read by their frameworks

ROOT = Path(__file__).resolve().parents[2]
DEMO_SECRET = "demo-only-secret-that-check-deploy-refuses"  # noqa: S105 - public on purpose, refused outside the demo

# What this place is
DEBUG = environment.flag("REGISTRY_DEBUG", default=False)
REGISTRY_DEMO = environment.flag("REGISTRY_DEMO", default=not environment.text("REGISTRY_SECRET_KEY", ""))
_hosts = demo_place.hosts() if REGISTRY_DEMO else (demo_place.PUBLIC, demo_place.DESK)
REGISTRY_HOST = environment.text("REGISTRY_HOST", _hosts[0])
REGISTRY_DESK_HOST = environment.text("REGISTRY_DESK_HOST", _hosts[1])
REGISTRY_SCHEME = environment.text("REGISTRY_SCHEME", "http" if REGISTRY_DEMO else "https")
REGISTRY_CLOCK = environment.text("REGISTRY_CLOCK", "")
REGISTRY_TRUSTED_PROXIES = environment.whole("REGISTRY_TRUSTED_PROXIES", 0)
REGISTRY_PROCESSES = environment.whole("REGISTRY_PROCESSES", 2, least=1)
REGISTRY_EDGE_SECONDS = environment.whole("REGISTRY_EDGE_SECONDS", 0)
REGISTRY_LIMITS = environment.words("REGISTRY_LIMITS")
REGISTRY_WAITERS = environment.whole("REGISTRY_WAITERS", 1)
REGISTRY_WORKER_STALL_SECONDS = environment.whole("REGISTRY_WORKER_STALL_SECONDS", 120, least=10)

# Who signs: the socket of python -m verification.signer; without one nothing is signed
REGISTRY_SIGNER = environment.text(
    "REGISTRY_SIGNER", str(embedded.VAR / "signer.sock") if REGISTRY_DEMO else ""
)

# Others' logs that we witness (vkey, …), under which name, and who witnesses ours (vkey@address, …)
REGISTRY_WITNESS = environment.text("REGISTRY_WITNESS", f"{REGISTRY_HOST}/witness")
REGISTRY_WITNESSED = environment.words("REGISTRY_WITNESSED")
REGISTRY_WITNESSES = environment.words("REGISTRY_WITNESSES")
# What the log is called behind the host; a log whose key was lost goes on under another name
REGISTRY_LOG_NAME = environment.text("REGISTRY_LOG_NAME", "log")

# Whose signatures the first list of trust must bear: three RFC 7638 thumbprints
REGISTRY_TRUST_ROOTS = environment.words("REGISTRY_TRUST_ROOTS")

# Whom to tell of a weakness (RFC 9116): mailto: or https:
REGISTRY_SECURITY_CONTACT = environment.words("REGISTRY_SECURITY_CONTACT")
# The vocabulary that our credentials name; it is printed into each and never fetched
REGISTRY_UNTP_CONTEXT = environment.text(
    "REGISTRY_UNTP_CONTEXT", "https://test.uncefact.org/vocabulary/untp/dia/working/"
)

# The operator's gateway for SMS and USSD: where it takes messages, and the secrets shared with it (docs/sms.md)
DEMO_GATEWAY_SECRET = "whsec_ZGVtby1vbmx5LWdhdGV3YXktcmVmdXNlZC1ieS1jaGVjaw=="  # noqa: S105 - as DEMO_SECRET
REGISTRY_GATEWAY = environment.text("REGISTRY_GATEWAY", "")
REGISTRY_GATEWAY_SECRETS = environment.words(
    "REGISTRY_GATEWAY_SECRETS", (DEMO_GATEWAY_SECRET,) if REGISTRY_DEMO else ()
)

# Secrets
SECRET_KEY = environment.secret("REGISTRY_SECRET_KEY", DEMO_SECRET if REGISTRY_DEMO else "")
REGISTRY_IDENTITY_KEY = environment.secret("REGISTRY_IDENTITY_KEY", DEMO_SECRET if REGISTRY_DEMO else "")
REGISTRY_CONCERN_KEY = environment.text("REGISTRY_CONCERN_KEY", f"concerns, {REGISTRY_IDENTITY_KEY}")
REGISTRY_THROTTLE_KEY = environment.text("REGISTRY_THROTTLE_KEY", f"throttles, {SECRET_KEY}")

ALLOWED_HOSTS = list(
    environment.words(
        "REGISTRY_ALLOWED_HOSTS",
        (REGISTRY_HOST.split(":")[0], REGISTRY_DESK_HOST.split(":")[0], "localhost", "127.0.0.1"),
    )
)
CSRF_TRUSTED_ORIGINS = [f"{REGISTRY_SCHEME}://{REGISTRY_DESK_HOST}"]

INSTALLED_APPS = [
    "api.staff.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "simple_history",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    *(f"allauth{part}" for part in ("", ".account", ".mfa", ".headless", ".usersessions")),
    "registry",
    "verification",
    "api",
]

# What the checks look at; the applications are api.conf.public and api.conf.desk, each with its own.
ROOT_URLCONF = "api.conf.desk"
MIDDLEWARE = [
    "api.middleware.Edge",
    "django.middleware.security.SecurityMiddleware",
    "api.static_files.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
APPEND_SLASH = False

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "api" / "desk" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database: a persistent connection a thread (measured ahead of a pool), or a pool of REGISTRY_POOL
_connection = conninfo_to_dict(embedded.address())
_pool = environment.whole("REGISTRY_POOL", 0)
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _connection.pop("dbname", "registry"),
        "USER": _connection.pop("user", ""),
        "PASSWORD": _connection.pop("password", ""),
        "HOST": _connection.pop("host", ""),
        "PORT": str(_connection.pop("port", "") or ""),
        "CONN_MAX_AGE": 0 if _pool else environment.whole("REGISTRY_CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _connection
        | ({"pool": {"min_size": 1, "max_size": _pool, "timeout": 5}} if _pool else {}),
    }
}
# Commits wait until every synchronous replica shows them
REGISTRY_REPLICATED = environment.flag("REGISTRY_REPLICATED", default=False)
# Where the public application reads a replica: how many seconds old an answer may be; 0 = it reads the primary
REGISTRY_REPLICA_SECONDS = environment.whole("REGISTRY_REPLICA_SECONDS", 0)
# After how many seconds counted look-ups are added to the table; 0 = none are counted. A replica takes no writes
REGISTRY_TALLY_SECONDS = 0 if REGISTRY_REPLICA_SECONDS else environment.whole("REGISTRY_TALLY_SECONDS", 60)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Used codes and failed sign-ins must be known to every process; nothing the public reads is cached here.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "api_sharedcache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Sign-in, on the desk alone
AUTH_USER_MODEL = "api.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_ADAPTER = "api.auth.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_ADAPTER = "api.auth.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = REGISTRY_SCHEME == "http"
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_TOTP_ISSUER = "Recruiter licence register"
MFA_ALLOW_UNVERIFIED_EMAIL = HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("browser",)
LOGIN_REDIRECT_URL = "/desk/"

# Cookies and transport
SESSION_ENGINE = "api.sessions"
SESSION_COOKIE_AGE = environment.whole("REGISTRY_SESSION_SECONDS", 8 * 3600, least=60)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = REGISTRY_SCHEME == "https"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "api.desk.apply.door.forged"
SECURE_SSL_REDIRECT = environment.flag("REGISTRY_TLS_REDIRECT", default=REGISTRY_SCHEME == "https")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if REGISTRY_TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if REGISTRY_SCHEME == "https" else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = REGISTRY_SCHEME == "https"
SECURE_REFERRER_POLICY = "same-origin"  # with none at all a browser hides where our own forms come from
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

# Letters go through REGISTRY_SMTP (``api.outbound.post``); a demo without it puts them into var/mail
EMAIL_BACKEND = f"django.core.mail.backends.{'filebased' if REGISTRY_DEMO else 'smtp'}.EmailBackend"
EMAIL_FILE_PATH, EMAIL_TIMEOUT = embedded.VAR / "mail", 10
DEFAULT_FROM_EMAIL = environment.text("REGISTRY_MAIL_FROM", f"register@{REGISTRY_HOST.split(':')[0]}")

# Words and time
LANGUAGE_CODE = "en"
LOCALE_PATHS = [ROOT / "api" / "locale", ROOT / "api" / "pages" / "locale"]
LANGUAGES = languages.spoken(LOCALE_PATHS[0])
# What the public reads: every language that has its texts, or those of them that a deployment names
REGISTRY_PUBLIC_LANGUAGES = languages.offered(LOCALE_PATHS, environment.words("REGISTRY_PUBLIC_LANGUAGES"))
# The desk remembers the language that somebody chose there
LANGUAGE_COOKIE_NAME, LANGUAGE_COOKIE_AGE = "language", 365 * 86_400
LANGUAGE_COOKIE_SECURE, LANGUAGE_COOKIE_HTTPONLY = REGISTRY_SCHEME == "https", True
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

# Files
STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "api" / "desk" / "static", ROOT / "api" / "pages" / "static"]
STATIC_ROOT = Path(environment.text("REGISTRY_STATIC_ROOT", str(embedded.VAR / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "documents": {"BACKEND": "api.documents.Folder"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if REGISTRY_DEMO
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
REGISTRY_DOCUMENTS = Path(environment.text("REGISTRY_DOCUMENTS", str(embedded.VAR / "documents")))
REGISTRY_CLAMD = environment.text("REGISTRY_CLAMD", "")
FILE_UPLOAD_HANDLERS = ["api.documents.Upload"]
REGISTRY_DUMPS = Path(environment.text("REGISTRY_DUMPS", str(embedded.VAR / "dumps")))
WHITENOISE_USE_FINDERS = REGISTRY_DEMO
# Files whose name holds a digest of what is in them: of collectstatic, and the clips of ``manage.py spoken``
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+[./][0-9a-f]{12}(?:[0-9a-f]{12})?\.\w+$"
if REGISTRY_DEMO:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_AUTOREFRESH = False

# Jobs
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
# A lane for each sort of work (``api.jobs``). A job that waits for a lock is not told when it is free: look often.
PROCRASTINATE_WORKER_DEFAULTS = {"concurrency": 4, "fetch_job_polling_interval": 0.5}

LOGGING = logs.configured(environment.text("REGISTRY_LOG_LEVEL", "WARNING"))
