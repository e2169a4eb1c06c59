//! Somebody who asks the server.

use serde_json::{Value, json};

/// Somebody who asks the server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    /// The token that is shown, if any.
    pub token: Option<String>,
}

/// What the server says.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The request's id, from the header.
    pub request_id: String,
    /// The body.
    pub body: Value,
}

impl Client {
    pub(crate) const fn new(http: reqwest::Client, url: String, token: Option<String>) -> Self {
        Self { http, url, token }
    }

    /// Asks a question without variables.
    pub async fn ask(&self, query: &str) -> Answer {
        self.send(json!({ "query": query })).await
    }

    /// Asks a question with variables.
    pub async fn ask_with(&self, query: &str, variables: Value) -> Answer {
        self.send(json!({ "query": query, "variables": variables })).await
    }

    /// Asks a question that must have an answer, and gives its data.
    pub async fn data(&self, query: &str) -> Value {
        self.ask(query).await.data()
    }

    /// Asks a question, and gives the body as it came.
    pub async fn text(&self, query: &str) -> String {
        let request = self.http.post(&self.url).json(&json!({ "query": query }));
        request.bearer_auth(self.token.clone().unwrap_or_default()).send().await.unwrap().text().await.unwrap()
    }

    /// Runs a mutation with an `input`, and gives its payload. `fields` are those of the payload beside `errors`.
    pub async fn mutate(&self, mutation: &str, input: Value, fields: &str) -> Value {
        let (first, rest) = mutation.split_at(1);
        let kind = format!("{}{rest}Input", first.to_uppercase());
        let query = format!(
            "mutation M($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} errors {{ code field message }} }} }}"
        );
        self.ask_with(&query, json!({ "input": input })).await.data()[mutation].take()
    }

    /// Sends a request body as it is.
    pub async fn send(&self, body: Value) -> Answer {
        let mut request = self.http.post(&self.url).json(&body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let header = response.headers().get("x-request-id");
        let request_id = header.map(|id| id.to_str().unwrap().to_owned()).unwrap_or_default();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON ({status}): {text}"));
        Answer { status, request_id, body }
    }
}

impl Answer {
    /// The data of an answer that must have no error.
    pub fn data(mut self) -> Value {
        assert!(self.body.get("errors").is_none(), "{:#}", self.body);
        self.body["data"].take()
    }

    /// The code of the first error.
    pub fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no error: {:#}", self.body))
    }

    /// The text of the first error.
    pub fn message(&self) -> &str {
        self.body["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("no error: {:#}", self.body))
    }
}
