"""The part of django-allauth's JSON API that officers need for their own account, and nothing else of it.

Its protocol is allauth's own (``/_allauth/browser/v1/…``): sign-in in two steps, setting up a device,
recovery codes and a new password. Signing up, e-mail, telephone and password resets by e-mail have no
address here, and a device is never removed by its owner: whoever stole a session and a password could
otherwise put their own in its place. An administrator gives a new one (``manage.py createofficer --new-
device``).
"""

from allauth.headless.account import views as account
from allauth.headless.base import views as base
from allauth.headless.constants import Client
from allauth.headless.mfa import views as mfa
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_http_methods

_BROWSER = {"client": Client.BROWSER}
_set_up_device = require_http_methods(["GET", "POST"])(mfa.ManageTOTPView.as_api_view(**_BROWSER))

_routes: list[URLPattern] = [
    path("config", base.ConfigView.as_api_view(**_BROWSER)),
    path("auth/session", account.SessionView.as_api_view(**_BROWSER)),
    path("auth/login", account.LoginView.as_api_view(**_BROWSER)),
    path("auth/reauthenticate", account.ReauthenticateView.as_api_view(**_BROWSER)),
    path("auth/2fa/authenticate", mfa.AuthenticateView.as_api_view(**_BROWSER)),
    path("auth/2fa/reauthenticate", mfa.ReauthenticateView.as_api_view(**_BROWSER)),
    path("account/authenticators", mfa.AuthenticatorsView.as_api_view(**_BROWSER)),
    path("account/authenticators/totp", _set_up_device),
    path("account/authenticators/recovery-codes", mfa.ManageRecoveryCodesView.as_api_view(**_BROWSER)),
    path("account/password/change", account.ChangePasswordView.as_api_view(**_BROWSER)),
]

urlpatterns: list[URLPattern | URLResolver] = [path("browser/v1/", include(_routes))]
