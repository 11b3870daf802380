"""The desk's part about the recovery file: made, saved, and written down who took it."""

from __future__ import annotations

from pathlib import Path

from activities.installation import who_runs
from activities.settings import Settings
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from admin.desk import Desk
from admin.queries.reading import snapshot
from admin.recovery_file import archive, bind, collect
from admin.recovery_file.archive import name_of
from admin.recovery_file.taken import taken
from models.errors import InvalidFact


class FileDesk(Desk):
    """One installation, as the command about the file sees it."""

    def file(
        self, company: str, invoice: str | None, customer: str | None, target: Path, language: str | None
    ) -> str:
        """Make the file and save it: a PDF where `target` ends so, else a ZIP; in a folder under its name.

        Raises:
            NotFound: nothing of that name.
            InvalidFact: it cannot be written there.
        """
        with snapshot(self._engine) as session:
            found = collect(
                session,
                company_by_ref(session, company),
                number=invoice,
                customer_ref=customer,
                settings=Settings.load(),
                now=self._clock.now(),
                who=who_runs(),
                language=language,
            )
        extension = "pdf" if target.suffix.lower() == ".pdf" else "zip"
        path = target / name_of(found, extension) if target.is_dir() else target
        content = bind(found) if extension == "pdf" else archive(found)[0]
        try:
            path.write_bytes(content)
        except OSError as error:
            raise InvalidFact(f"{path}: {error.strerror or error}") from None
        with transaction(self._engine) as session:
            taken(session, found, content, extension, self._clock.now(), who_runs())
        return (
            f"{path}: {len(found.items)} invoice(s), {len(found.exhibits)} exhibit(s), "
            f"{len(content) / 1024:,.0f} kB"
        )
