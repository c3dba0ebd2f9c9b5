"""What people report and what is done about it: concerns, from the first word to the day on which it is forgotten.

==============  ====================================================================================================
``published``   what the public reads before it reports: to whom, and who helps at once
``intake``      the person's side: file a concern, come back with code and PIN, read and write
``cases``       the case officers' side: triage, ask, refer, close, reopen; and what is deleted when its time is over
``sealing``     how words, files and PINs are kept
==============  ====================================================================================================

The rules are ``registry.rules.concerns``; why it is kept as it is, ADR 0024.
"""
