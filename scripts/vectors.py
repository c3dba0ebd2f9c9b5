"""Write the test vectors of the verifiers again, the same bytes each time: python -m scripts.vectors."""

from tests.verification import cases

if __name__ == "__main__":
    for name, text in cases.files().items():
        path = cases.FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"{len(cases.cases())} cases in {cases.FOLDER}")
