# Demarche in R: a table by Parquet (or CSV, where the package arrow is not installed), a question by GraphQL.
#
#   install.packages(c("jsonlite", "curl", "arrow"))
#   export URL=http://127.0.0.1:8080 TOKEN=demarche_pat_…      # an access token with the scopes READ and EXPORT

url <- Sys.getenv("URL", "http://127.0.0.1:8080")
bearer <- c(Authorization = paste("Bearer", Sys.getenv("TOKEN")))

# A file as a data frame, by what is in it and the columns that are wanted.
export <- function(kind, columns) {
  columnar <- requireNamespace("arrow", quietly = TRUE)
  file <- tempfile()
  on.exit(unlink(file))
  address <- sprintf("%s/export/%s.%s?columns=%s", url, kind, if (columnar) "parquet" else "csv", paste(columns, collapse = ","))
  download.file(address, file, headers = bearer, mode = "wb", quiet = TRUE)
  if (columnar) {
    as.data.frame(arrow::read_parquet(file))
  } else {
    # CSV knows texts only: what is a day is said here.
    table <- read.csv(file, check.names = FALSE, na.strings = "", encoding = "UTF-8")
    table$statedOn <- as.Date(table$statedOn)
    table
  }
}

# The answer to a question.
ask <- function(query) {
  handle <- curl::new_handle(postfields = jsonlite::toJSON(list(query = query), auto_unbox = TRUE))
  do.call(curl::handle_setheaders, c(list(handle, `Content-Type` = "application/json"), bearer))
  answer <- curl::curl_fetch_memory(paste0(url, "/graphql"), handle)
  jsonlite::fromJSON(rawToChar(answer$content))$data
}

positions <- export("positions", c("id", "statedOn", "stance", "stakeholder.country", "mechanism.slug"))
score <- c(STRONGLY_OPPOSE = -2, OPPOSE = -1, NEUTRAL = 0, SUPPORT = 1, STRONGLY_SUPPORT = 2)
positions$score <- score[positions$stance]
print(aggregate(score ~ `stakeholder.country` + `mechanism.slug`, data = positions, FUN = mean))
print(range(positions$statedOn))

answer <- ask("{ positions { totalCount } mechanisms(first: 3) { nodes { slug name mode } } }")
print(answer$mechanisms$nodes)
cat(nrow(positions), "positions in the table,", answer$positions$totalCount, "by GraphQL\n")
