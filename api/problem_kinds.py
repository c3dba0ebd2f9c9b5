"""Every code of a refusal with its status, its words, and what of its facts the public may read.

The table behind :mod:`api.problems` and ``docs/errors.md``. Titles say what is wrong, details what to do.
"""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: status, texts, the facts the public may read and, for look-ups, the result."""

    status: int
    title: str
    detail: str = ""
    shows: tuple[str, ...] = ()
    result: str = ""


_CHECK_NUMBER: Final = _(
    "The last symbol does not fit the others: at least one is wrong. Check the number and try again."
)

KINDS: Final[dict[str, Kind]] = {
    # --- what the register does not have
    "licence.not_found": Kind(
        404,
        _("This licence number is not in the register"),
        _("No licence has this number. Check it against the paper, or search by the name of the agency."),
        result="not_found",
    ),
    "licence.mistyped": Kind(
        404,
        _("This licence number is mistyped"),
        _CHECK_NUMBER,
        result="not_found",
    ),
    "licence.ambiguous": Kind(
        300,
        _("More than one licence has this number"),
        _("Each authority counts on its own. Choose one of the candidates."),
        shows=("candidates",),
        result="ambiguous",
    ),
    "licence.renumbered": Kind(308, _("This licence has another number now"), shows=("number",)),
    "agency.merged": Kind(308, _("This agency has another number now"), shows=("number",)),
    "request.not_found": Kind(404, _("There is no such request of a person")),
    "motion.not_found": Kind(404, _("There is no such motion")),
    "concern.not_found": Kind(
        404, _("No report has this code and PIN"), _("Check both against the paper, symbol by symbol.")
    ),
    "concern.step_not_allowed": Kind(
        409, _("This cannot be done with the concern now"), _("Somebody may have been faster. Read it again.")
    ),
    "concern.forgotten": Kind(
        409,
        _("What was written in this concern is deleted"),
        _("Its time was over, as the authority's policy says. Report the concern anew."),
    ),
    "concern.consent_missing": Kind(
        409,
        _("The person did not agree that the concern is passed on"),
        _("Ask the person, or confirm that it is urgent and say which law allows it."),
    ),
    "concern.tries_used_up": Kind(
        429,
        _("Too many wrong PINs were tried"),
        _("Wait a quarter of an hour and try again."),
        shows=("retry_after",),
    ),
    "licence.version_conflict": Kind(
        409,
        _("The licence has changed since you read it"),
        _("Read it again and decide on what it says now."),
    ),
    "agency.not_found": Kind(404, _("This agency number is not in the register"), result="not_found"),
    "agency.mistyped": Kind(
        404,
        _("This agency number is mistyped"),
        _CHECK_NUMBER,
        result="not_found",
    ),
    "office.mistyped": Kind(404, _("This office number is mistyped"), _CHECK_NUMBER, result="not_found"),
    "person.mistyped": Kind(404, _("This person number is mistyped"), _CHECK_NUMBER, result="not_found"),
    "appointment.mistyped": Kind(404, _("This number is mistyped"), _CHECK_NUMBER, result="not_found"),
    "photograph.not_found": Kind(
        404, _("There is no such photograph, or it is shown no more"), result="not_found"
    ),
    "office.not_found": Kind(404, _("This office number is not in the register"), result="not_found"),
    "person.not_found": Kind(404, _("This person number is not in the register"), result="not_found"),
    "appointment.not_found": Kind(404, _("This appointment is not in the register"), result="not_found"),
    "keys.not_found": Kind(404, _("No keys of this authority are published")),
    "trust_list.not_found": Kind(
        404, _("This list of trust is not published"), _("None was signed yet, or this version is not ours.")
    ),
    "officer.not_found": Kind(404, _("There is no such officer")),
    "authority.not_found": Kind(404, _("There is no such authority")),
    "proposal.not_found": Kind(404, _("There is no such proposal")),
    "holder.not_found": Kind(404, _("There is no such request")),
    "holder.not_allowed": Kind(409, _("This is not open any more")),
    "application.not_found": Kind(
        404, _("This application is not in the register"), _("Check the number against the letter or notice.")
    ),
    "application.mistyped": Kind(404, _("This application number is mistyped"), _CHECK_NUMBER),
    "application.step_not_allowed": Kind(
        409, _("There is no such step from the state the application is in")
    ),
    "application.incomplete": Kind(422, _("The application is not complete yet")),
    "account.link_used": Kind(
        410,
        _("This link is good no more"),
        _("It was used before, or its three days are over. Ask for a new mail."),
    ),
    "account.not_confirmed": Kind(
        403,
        _("Your address is not confirmed yet"),
        _("Open the link in the mail that was sent to it; then the application can be sent."),
    ),
    "document.refused": Kind(422, _("This file can not be taken"), _("{reason}"), shows=("reason",)),
    "document.infected": Kind(
        422,
        _("This file holds something harmful"),
        _("The scanner found {found}. Nothing of it was kept."),
        shows=("found",),
    ),
    "scanner.unreachable": Kind(
        503,
        _("No file can be taken now"),
        _(
            "Files are checked for viruses before they are kept, and the scanner does not answer. Try again later."
        ),
    ),
    "match.not_found": Kind(404, _("There is no such possible match")),
    "entry.not_found": Kind(404, _("There is no such entry")),
    "debarment.not_found": Kind(
        404,
        _("No bar is published under this number"),
        _("That is no clean record: the law lets a bar be published for a time only."),
    ),
    "record.not_found": Kind(404, _("This is not in the register"), result="not_found"),
    "badge.not_found": Kind(
        404,
        _("This code is not in this register"),
        _("Check the letters, and check that the address of the page is ours."),
        result="not_found",
    ),
    "badge.mistyped": Kind(
        404,
        _("This code is mistyped"),
        _("The last symbol does not fit the others: at least one is wrong. Check the code and try again."),
        result="not_found",
    ),
    "badge.not_signed": Kind(
        404,
        _("This badge has no signed form yet"),
        _(
            "Its page and its short code work. The signed form follows once its licence is good and was signed for."
        ),
    ),
    "list.not_found": Kind(
        404,
        _("No status list has this address, or it was not signed yet"),
        _("The addresses of all lists are at /s."),
    ),
    "list.no_history": Kind(
        501,
        _("Status lists of the past are not served"),
        _(
            "Who asks for a past instant would tell whom they are asking about. The log holds what was published."
        ),
    ),
    "signature.unavailable": Kind(
        503,
        _("Nothing can be signed now"),
        _(
            "The same answer is there unsigned, as application/json. Try again in a minute for the signed form."
        ),
    ),
    "signature.no_licence": Kind(
        409,
        _("There is no licence behind this badge, so there is nothing to sign"),
        _("Ask for application/json."),
    ),
    "receipt.malformed": Kind(
        400, _("This is not a receipt of ours"), _("Send the receipt whole, as it was given to you.")
    ),
    "credential.malformed": Kind(
        400,
        _("This is neither a verifiable credential nor a presentation"),
        _("Send it whole: as JWT, as SD-JWT, or as COSE in base64."),
    ),
    "token.malformed": Kind(
        400, _("This is not what stands behind a badge's code"), _("Send what the scanner read, whole.")
    ),
    "changes.gone": Kind(
        410,
        _("The journal no longer reaches back that far"),
        _("Read the register again, then follow the changes after sequence {restart_after}."),
        shows=("oldest", "restart_after"),
    ),
    # --- the law says no
    "register.refused": Kind(409, _("The register refused this")),
    "badge.withdrawn": Kind(409, _("The badge is withdrawn already")),
    "step.refused": Kind(409, _("The law or the state of the record forbids this")),
    "step.not_allowed": Kind(409, _("There is no such step from the state the licence is in")),
    "step.incomplete": Kind(422, _("The step needs something that was not given")),
    "step.ground_not_allowed": Kind(422, _("This ground cannot carry this step")),
    "step.other_route": Kind(
        409, _("This step has another route"), _("Its entry in the list of open steps says how it is taken.")
    ),
    "step.backdated": Kind(422, _("A decision cannot have effect before it is made")),
    "step.notice_too_short": Kind(422, _("The effect would begin before the notice has run")),
    "term.refused": Kind(422, _("This term is out of order, overlaps another or is too long")),
    "security.not_confirmed": Kind(409, _("The security has not been confirmed by its issuer")),
    "suspension.open": Kind(409, _("A suspension is open; this step must wait until it is lifted")),
    "approval.own_proposal": Kind(403, _("Nobody approves their own proposal")),
    "approval.own_account": Kind(403, _("Nobody decides on a change of their own account")),
    "invitation.spent": Kind(
        410,
        _("This link opens nothing any more"),
        _("It was used, or its two days are over. Ask an administrator for another."),
    ),
    "approval.already_given": Kind(
        409, _("You have approved already; the next approval must be somebody else's")
    ),
    "print.not_now": Kind(409, _("A certificate is printed only of a licence that is good today")),
    "print.no_badge": Kind(409, _("The licence has no badge to print: issue one first")),
    "print.no_notice": Kind(409, _("This step is decided without a notice to show cause")),
    "match.settled": Kind(409, _("Officers have settled this possible match already")),
    "proposal.open": Kind(409, _("The same step is already proposed and open")),
    "proposal.closed": Kind(409, _("This proposal is no longer open")),
    "proposal.overtaken": Kind(
        409,
        _("What the proposal speaks of has changed since it was made"),
        _("Decline it, read the record again and propose anew."),
    ),
    "idempotency.key_reused": Kind(409, _("This idempotency key was used for something else")),
    "idempotency.key_missing": Kind(
        400,
        _("Send an Idempotency-Key"),
        _("Every write carries a key of your own, so that sending it twice does not do it twice."),
    ),
    "idempotency.key_malformed": Kind(
        400,
        _("This Idempotency-Key cannot be used"),
        _("It must be 8 to 200 printable ASCII characters without spaces."),
    ),
    "version.missing": Kind(
        428,
        _("Say which version you read"),
        _("Send the ETag of what you read as If-Match, or its version as expected_version."),
    ),
    "version.malformed": Kind(
        400, _("This If-Match cannot be read"), _('It must be one ETag of ours, such as "v7".')
    ),
    "version.contradicted": Kind(
        400, _("Two versions are given"), _("If-Match and expected_version must say the same.")
    ),
    "person.debarred": Kind(409, _("The person is barred from acting for agencies in these days")),
    "agency.closed": Kind(
        409, _("This record was merged into another"), _("Write to the record that stays."), shows=("number",)
    ),
    "merger.refused": Kind(409, _("These two records cannot be made one as they stand")),
    "agency.debarred": Kind(409, _("The agency is debarred; nothing can be granted to it")),
    "record.duplicate": Kind(409, _("Such a record exists already")),
    # lists of other registers
    "list.out_of_order": Kind(409, _("A list of this day or a later one was taken in already")),
    "list.would_shrink": Kind(409, _("Too much of the list would be gone")),
    "list.empty": Kind(422, _("Not one row of the file could be taken in")),
    "list.busy": Kind(409, _("Another intake of the same list is under way")),
    "list.unreadable": Kind(422, _("The file is not what the profile says it is")),
    "list.in_future": Kind(422, _("The list is said to be of a day that has not come yet")),
    "profile.conflict": Kind(409, _("The profile contradicts what the register holds")),
    "profile.invalid": Kind(422, _("The profile cannot be understood")),
    "profile.not_found": Kind(404, _("There is no such profile")),
    "policy.invalid": Kind(422, _("The policy says something that cannot be law here")),
    # --- this officer may not
    "actor.not_allowed": Kind(403, _("You may not do this")),
    "actor.not_signed_in": Kind(401, _("Sign in first"), _("This door is for officials who have signed in.")),
    "actor.token_refused": Kind(
        401,
        _("This token is not valid"),
        _("It is unknown, has expired or was withdrawn. Make a new one and try again."),
    ),
    "actor.sign_in_refused": Kind(
        401,
        _("Name, password or code is not right"),
        _("A code is good once and for half a minute: wait for the next one. We do not say which was wrong."),
    ),
    "actor.not_an_officer": Kind(
        403,
        _("This account is no officer's"),
        _("The officer has left, or an administrator has not appointed one yet."),
    ),
    "actor.second_factor_not_set_up": Kind(
        403,
        _("Set up your second factor first"),
        _("This session was opened with a password alone. Set a device up, then give its code."),
    ),
    "token.may_not_write_here": Kind(
        403,
        _("A token cannot do this"),
        _("Tokens read and propose. Everything else is for an officer with a second factor."),
    ),
    "token.scope_missing": Kind(
        403, _("This token was not made for that"), _("It needs the scope {scope}."), shows=("scope",)
    ),
    "device.there_already": Kind(
        409,
        _("There is a device already"),
        _("Two administrators give a new one to whoever has lost theirs."),
    ),
    "device.last_one": Kind(
        409, _("This is your only second factor"), _("Add another before you give this one up.")
    ),
    "actor.role_missing": Kind(403, _("Your role does not carry this step")),
    "actor.outside_authority": Kind(403, _("This record belongs to another authority")),
    "actor.second_factor_needed": Kind(
        403,
        _("Give your second factor again"),
        _("Decisions need a second factor that is not older than five minutes."),
    ),
    "actor.conflict_not_declared": Kind(
        422, _("Declare first that you have no conflict of interest in this case")
    ),
    # --- what was sent cannot be read
    "input.invalid": Kind(
        400,
        _("What was sent cannot be understood"),
        _("Look at {field}."),
        shows=("field", "value", "parameter"),
    ),
    "name.invalid": Kind(422, _("This is not a name"), shows=("field",)),
    "phone.invalid": Kind(422, _("This is not a telephone number"), shows=("field",)),
    "email.invalid": Kind(422, _("This is not an e-mail address"), shows=("field",)),
    "domain.invalid": Kind(422, _("This is not the name of a web site"), shows=("field",)),
    "social_page.invalid": Kind(422, _("This is not the address of a social page"), shows=("field",)),
    "lei.invalid": Kind(422, _("This is not a Legal Entity Identifier"), shows=("field",)),
    "occupation.invalid": Kind(422, _("This is not a code of ISCO-08"), shows=("field",)),
    "currency.unknown": Kind(422, _("No currency has this code"), shows=("field",)),
    "badge.withdrawal_unexplained": Kind(422, _("Say why the badge is withdrawn, and who says so")),
    "badge.subject_invalid": Kind(422, _("A badge stands on a licence, an office or an appointment")),
    "time.in_future": Kind(
        400,
        _("The register knows the past and now, not the future"),
        _("{parameter} lies in the future."),
        shows=("parameter",),
    ),
    "body.not_json": Kind(
        400,
        _("The body is not valid JSON"),
        _("Line {line}, column {column}: {reason}."),
        shows=("line", "column", "reason"),
    ),
    "body.too_large": Kind(
        413, _("The body is too large"), _("At most {limit} bytes are read."), shows=("limit",)
    ),
    "body.wrong_media_type": Kind(
        415, _("Send JSON"), _("The body must be sent as application/json."), shows=("accepts",)
    ),
    "body.incomplete": Kind(400, _("The body ended early"), _("Send it again in one piece.")),
    "field.unknown": Kind(
        400,
        _("A field is not known here"),
        _("{field} is not known here; known are: {known}."),
        shows=("field", "known"),
    ),
    "field.missing": Kind(400, _("A field is missing"), _("{field} is required."), shows=("field",)),
    "field.repeated": Kind(
        400, _("A field is given twice"), _("{field} is given more than once."), shows=("field",)
    ),
    "field.invalid": Kind(
        400,
        _("A field has a value that cannot be used"),
        _("{field} must be {wanted}."),
        shows=("field", "wanted"),
    ),
    "parameter.unknown": Kind(
        400,
        _("A parameter is not known here"),
        _("{parameter} is not known here; known are: {known}."),
        shows=("parameter", "known"),
    ),
    "parameter.repeated": Kind(
        400, _("A parameter is given twice"), _("{parameter} is given more than once."), shows=("parameter",)
    ),
    "alert.not_found": Kind(404, _("No alert has this number"), result="not_found"),
    "alert.mistyped": Kind(404, _("This alert number is mistyped"), _CHECK_NUMBER, result="not_found"),
    "alert.contact_shared": Kind(
        422,
        _("Many people have pages or addresses there"),
        _("Give the whole address of the page, not only its site."),
        shows=("field", "value"),
    ),
    "alert.contact_official": Kind(
        409,
        _("This contact is on the record of an agency"),
        _("{value} is on the record of {agency}. End it there first, or leave it out."),
        shows=("field", "agency", "value"),
    ),
    "contact.unreadable": Kind(
        400,
        _("This is no phone number, page or e-mail address"),
        _("Write the phone number with its country's code, or copy the whole address."),
        shows=("field", "value"),
    ),
    "parameter.missing": Kind(
        400, _("A parameter is missing"), _("{parameter} is required."), shows=("parameter",)
    ),
    "parameter.invalid": Kind(
        400,
        _("A parameter has a value that cannot be used"),
        _("{parameter} must be {wanted}."),
        shows=("parameter", "wanted"),
    ),
    "cursor.invalid": Kind(
        400,
        _("This is not a place to go on from"),
        _("Give `after` as the page before gave its `next`."),
        shows=("field",),
    ),
    "number.not_ours": Kind(
        404,
        _("This is not a number of this register"),
        _("Our licence numbers look like XA-DOL-A-000123-K."),
        result="not_found",
    ),
    "number.part_invalid": Kind(422, _("A number cannot be made of this"), shows=("field",)),
    "number.serial_skipped": Kind(409, _("This serial is never given")),
    "country.unknown": Kind(
        400, _("No country has this code"), _("{field} must be two letters of ISO 3166-1."), shows=("field",)
    ),
    # --- the log
    "log.not_found": Kind(
        404,
        _("This is not in the log"),
        _("There is no such {what}, or no checkpoint covers it yet."),
        shows=("what",),
    ),
    "log.malformed": Kind(
        400,
        _("The log has no such address"),
        _("{where} must be {wanted}."),
        shows=("where", "wanted"),
    ),
    "dump.not_found": Kind(
        404, _("There is no such dump, or no such file in it"), _("The dumps there are: /api/v1/dumps.")
    ),
    "witness.malformed": Kind(400, _("This is no request to a witness"), _("{reason}."), shows=("reason",)),
    "witness.log_unknown": Kind(
        404, _("We do not witness this log"), _("Its operator has to be entered here first.")
    ),
    "witness.not_signed": Kind(403, _("The checkpoint is not signed by its log")),
    "witness.not_consistent": Kind(
        422,
        _("The checkpoint does not continue the log that we saw"),
        _("The proof does not lead from the tree of {old} entries to this one."),
        shows=("old",),
    ),
    "signer.unreachable": Kind(
        503, _("Nothing can be signed now"), _("Everything else is answered. Try again in a minute.")
    ),
    "gateway.not_signed": Kind(
        401,
        _("The request is not signed by the gateway, or not now"),
        _(
            "It must carry webhook-id, webhook-timestamp and webhook-signature, and be no older than five minutes."
        ),
    ),
    # --- the wire
    "request.malformed": Kind(400, _("The request cannot be read")),
    "request.cross_site": Kind(
        403, _("Another site may not send this"), _("Send it from your own program or from our own pages.")
    ),
    "request.forgery": Kind(
        403, _("The request did not come from our own page"), _("Load the page again and retry.")
    ),
    "request.refused": Kind(403, _("This is not allowed")),
    "route.not_found": Kind(
        404, _("There is nothing at this address"), _("Every address of the API is in /api/v1/docs.")
    ),
    "route.method_not_allowed": Kind(
        405, _("This address does not do that"), _("It allows: {allowed}."), shows=("allowed",)
    ),
    "route.not_acceptable": Kind(
        406, _("This address does not speak that"), _("Ask for {offers}."), shows=("offers",)
    ),
    "rate.exceeded": Kind(
        429,
        _("Too many requests"),
        _("Wait {retry_after} seconds. This is no answer about any licence: it could not be checked."),
        shows=("retry_after",),
        result="unknown",
    ),
    "server.error": Kind(500, _("Something went wrong on our side"), result="unknown"),
    "record.stale_replica": Kind(
        503,
        _("This copy of the register can not prove that it is up to date"),
        _("This is no answer about any licence: it could not be checked. Try again in a moment."),
        result="unknown",
    ),
    "register.unreachable": Kind(
        503,
        _("The register cannot be reached now"),
        _("This is no answer about any licence: it could not be checked. Try again in a minute."),
        result="unknown",
    ),
}

#: What a plain status of the framework means when nobody gave a code.
BY_STATUS: Final[dict[int, str]] = {
    400: "request.malformed",
    401: "actor.not_signed_in",
    403: "request.refused",
    404: "route.not_found",
    405: "route.method_not_allowed",
    406: "route.not_acceptable",
    413: "body.too_large",
    415: "body.wrong_media_type",
    429: "rate.exceeded",
    503: "register.unreachable",
}
