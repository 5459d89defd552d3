"""The Python SDK `commercetools`: its paginator over a collection, every record a model object."""

from __future__ import annotations

import os

from benchmarks.stopwatch import Place, measure

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # its OAuth library refuses http, also on this machine


def main() -> None:
    """Count the records as a program would that goes through them one by one."""
    from commercetools.paginators import Paginator
    from commercetools.platform import Client

    place = Place()

    def work() -> int:
        client = Client(
            client_id="reader",
            client_secret="unchecked",  # noqa: S106 - it opens nothing
            scope=["manage_project:bench"],
            url=place.url,
            token_url=f"{place.url}/oauth/token",
        )
        collection = getattr(client.with_project_key("bench"), place.resource)()
        paginator = Paginator(collection.get, sort=["id asc"])
        paginator.page_size = 500  # 25 times its default
        return sum(1 for _ in paginator)

    measure(work)


if __name__ == "__main__":
    main()
