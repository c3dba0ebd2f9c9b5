"""The register: the law and the records of licensed recruiters; knows no other package of ours."""
