"""Applications for licences, from a draft to a grant or a refusal; the law of it is ``rules.applying``.

``applicants`` and ``officers`` write, each for those it is named after; ``reading`` reads for both, within what each
may see; ``published`` reads for anyone and reaches no writer.
"""
