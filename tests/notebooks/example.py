"""Demarche in a notebook: tables by Parquet and Arrow, questions by GraphQL.

    pip install polars 'gql[requests]'
    export URL=http://127.0.0.1:8080 TOKEN=demarche_pat_…      # an access token with the scopes READ and EXPORT
"""

# %% What is asked, and in whose name
import io
import os
import urllib.parse
import urllib.request

import polars as pl
from gql import Client, gql
from gql.transport.requests import RequestsHTTPTransport

url = os.environ.get("URL", "http://127.0.0.1:8080")
headers = {"Authorization": "Bearer " + os.environ["TOKEN"]}


def export(name, **arguments):
    """A file, by its name and the arguments of the export."""
    address = f"{url}/export/{name}?{urllib.parse.urlencode(arguments)}"
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
        return io.BytesIO(answer.read())


# %% A table: numbers are numbers, days are days, and what is not known is null
positions = pl.read_parquet(
    export("positions.parquet", columns="id,statedOn,stance,stakeholder.name,stakeholder.country,mechanism.slug,arguments.frame")
)
score = {"STRONGLY_OPPOSE": -2, "OPPOSE": -1, "NEUTRAL": 0, "SUPPORT": 1, "STRONGLY_SUPPORT": 2}
by_country = (
    positions.drop_nulls("stakeholder.country")
    .with_columns(score=pl.col("stance").replace_strict(score, return_dtype=pl.Int8))
    .group_by("stakeholder.country", "mechanism.slug")
    .agg(pl.col("score").mean(), pl.len().alias("positions"), pl.col("statedOn").max().alias("latest"))
    .sort("stakeholder.country", "score", "mechanism.slug")
)
print(by_country)

# %% Lists are lists: which frames are argued with?
frames = positions.explode("arguments.frame").drop_nulls("arguments.frame")["arguments.frame"].value_counts(sort=True)
print(frames)

# %% The same by Arrow, which is not unpacked first: good on the same machine
stakeholders = pl.read_ipc(export("stakeholders.arrow", columns="slug,name,kind,updatedAt"))
print(stakeholders.group_by("kind").len().sort("len", "kind", descending=[True, False]))

# %% A question by GraphQL
client = Client(transport=RequestsHTTPTransport(url=f"{url}/graphql", headers=headers))
answer = client.execute(gql("{ positions { totalCount } mechanisms(first: 3) { nodes { slug name mode } } }"))
print(pl.DataFrame(answer["mechanisms"]["nodes"]))
print(f"{positions.height} positions in the table, {answer['positions']['totalCount']} by GraphQL")
