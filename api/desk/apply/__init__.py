"""Where agencies apply for a licence, on the desk's host: account, form in sections, papers, letters, objections."""
