//! One operation: what is decided before it runs, its run, and what is said of it.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::http::{Method, StatusCode};
use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{IntrospectionMode, Request, ServerError, Value};
use entity::kind::Kind;
use futures_util::FutureExt;
use serde::Serialize;
use tokio::time::timeout_at;
use tracing::error;

use super::question::Question;
use crate::http::limit::{self, Purse};
use crate::http::log::Outcome;
use crate::http::persisted::Named;
use crate::http::refusal::Refusal;
use crate::http::{Introspection, Settings, State, document};
use demarche_bound::{Bound, Exceeded, price, variable};
use demarche_core::error::Error;
use demarche_core::id;
use demarche_core::op::{Actor, Op, Origin};
use demarche_core::store::Deadline;
use demarche_graphql::shape;

/// One request at work.
pub struct Run<'a> {
    state: &'a State,
    method: Method,
    op: Op,
    begun: Instant,
    /// What the operations so far were priced at.
    spent: usize,
    /// What is left for whoever asks.
    pub purse: Option<Purse>,
    /// What is known for the log.
    pub outcome: Outcome,
}

/// What comes of an operation.
#[derive(Debug, Default, Serialize)]
pub struct Answer {
    /// There is none if the operation did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ServerError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Extensions>,
}

#[derive(Debug, Serialize)]
struct Extensions {
    cost: Cost,
}

/// What an operation costs, in points.
#[derive(Debug, Serialize)]
struct Cost {
    /// Reckoned before it runs.
    requested: usize,
    /// Counted in its answer; none if it did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<usize>,
    /// Left for whoever asks; none if they are not limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u32>,
}

/// What may run.
struct Ready {
    request: Request,
    document: ExecutableDocument,
    name: Option<String>,
    price: price::Price,
}

impl Answer {
    /// Whether it has data and nothing but data.
    pub fn is_whole(&self) -> bool {
        self.data.is_some() && self.errors.is_empty()
    }

    /// Whether the operation ran, or its price was all that was asked for.
    pub const fn has_run(&self) -> bool {
        self.data.is_some()
    }

    /// The code of the first error.
    pub fn code(&self) -> Option<&str> {
        match self.errors.first()?.extensions.as_ref()?.get("code")? {
            Value::String(code) => Some(code),
            _ => None,
        }
    }
}

impl<'a> Run<'a> {
    /// Begins the work on a request, in nobody's name yet.
    pub fn begin(state: &'a State, from: Origin, method: Method) -> Self {
        let begun = Instant::now();
        let mut op = state.app.base.op(Actor::Anonymous);
        op.lane = op.lane.until(Deadline::at(begun + state.settings.timeout));
        op.origin = from;
        Self { state, method, op, begun, spent: 0, purse: None, outcome: Outcome::default() }
    }

    /// How many statements were run so far.
    pub fn statements(&self) -> u32 {
        self.op.lane.statements()
    }

    const fn settings(&self) -> &'a Settings {
        &self.state.settings
    }

    fn is_signed_in(&self) -> bool {
        !matches!(self.op.actor, Actor::Anonymous)
    }

    /// Finds out who asks.
    ///
    /// # Errors
    /// If the token is not good, or it takes too long.
    pub async fn sign_in(&mut self, bearer: Option<&str>) -> Result<(), Refusal> {
        let mut op = self.op.clone();
        self.in_time(limit::sign_in(self.state, &mut op, bearer)).await??;
        self.op = op;
        if let Actor::Account(signed) = &self.op.actor {
            self.outcome.actor = Some(id::encode(Kind::Account, signed.id));
        }
        Ok(())
    }

    /// Waits for `work` until the deadline. The database ends its statements by itself then.
    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Refusal> {
        let deadline = self.begun + self.settings().timeout;
        // The timer looks at what is late only after a while.
        let in_time = match Instant::now() < deadline {
            true => timeout_at(deadline.into(), work).await.ok(),
            false => None,
        };
        in_time.ok_or_else(|| {
            let milliseconds = |time: std::time::Duration| usize::try_from(time.as_millis()).unwrap_or(usize::MAX);
            let limit = milliseconds(self.settings().timeout);
            let found = milliseconds(self.begun.elapsed()).max(limit + 1);
            let exceeded = Exceeded { bound: Bound::Time, limit, found, at: None };
            Refusal::bound(StatusCode::GATEWAY_TIMEOUT, &exceeded)
        })
    }

    /// Answers a question.
    ///
    /// # Errors
    /// If its operation may not run by this method, takes too long, or panics.
    pub async fn answer(&mut self, mut question: Question) -> Result<Answer, Refusal> {
        let is_price_only = question.wants_price_only();
        let ready = self.prepare(&mut question)?;
        let points = ready.as_ref().map_or(0, |ready| if is_price_only { 0 } else { ready.price.requested });
        let ready = self.charge(points).await?.and(ready);
        let mut answer = match ready {
            Ok(ready) if is_price_only => self.tell_price(ready).await?,
            Ok(ready) => self.execute(ready).await?,
            Err(errors) => Answer { errors, ..Answer::default() },
        };
        if !answer.has_run() && !self.is_signed_in() {
            answer.errors.iter_mut().for_each(withhold);
        }
        self.bound_errors(&mut answer);
        for error in &mut answer.errors {
            finish(error, self.op.origin.request.as_deref().unwrap_or_default());
        }
        self.outcome.statements = self.statements();
        if self.outcome.code.is_none() {
            self.outcome.code = answer.code().map(str::to_owned);
        }
        Ok(answer)
    }

    /// Takes what an operation costs from the purse of whoever asks. In a batch, whose first operations may have run, what
    /// they cannot pay is an answer of its own.
    async fn charge(&mut self, points: usize) -> Result<Result<(), Vec<ServerError>>, Refusal> {
        self.purse = self.in_time(limit::charge(self.state, &self.op, points)).await??;
        match self.purse {
            Some(purse) if !purse.granted() => Ok(Err(vec![coded(&purse.refusal().message, limit::CODE)])),
            _ => Ok(Ok(())),
        }
    }

    fn left(&self) -> Option<u32> {
        self.purse.map(|purse| purse.left())
    }

    /// What is decided before the schema sees the question.
    fn prepare(&mut self, question: &mut Question) -> Result<Result<Ready, Vec<ServerError>>, Refusal> {
        let bounds = &self.settings().bounds;
        let hash = match question.hash() {
            Ok(hash) => hash,
            Err(text) => return Ok(Err(vec![coded(text, "PERSISTED_QUERY_NOT_SUPPORTED")])),
        };
        let named = Named { source: question.query.as_deref(), hash, may_keep: self.is_signed_in() };
        let kept = match self.state.persisted.find(named, bounds) {
            Ok(kept) => kept,
            Err(error) => return Ok(Err(vec![error])),
        };
        let (document, name) = (&kept.parsed, question.operation_name.take());
        self.outcome.operation = document::operation_name(document, name.as_deref());
        self.op.origin.operation.clone_from(&self.outcome.operation);
        let operation = match price::operation(document, name.as_deref()) {
            Ok(operation) => &operation.node,
            Err(error) => return Ok(Err(vec![error])),
        };
        if self.method == Method::GET && operation.ty != OperationType::Query {
            let mut refusal = Refusal::method("POST");
            "a GET only asks: what changes something goes by POST".clone_into(&mut refusal.message);
            return Err(refusal);
        }
        let mut variables = question.take_variables();
        if let Err(errors) = variable::resolve(operation, &mut variables) {
            return Ok(Err(errors));
        }
        let price = match price::reckon(shape(), document, operation, &variables, bounds) {
            Ok(price) => price,
            Err(error) => return Ok(Err(vec![error])),
        };
        // A batch has one purse.
        self.spent = self.spent.saturating_add(price.requested);
        if let Err(exceeded) = Exceeded::check(Bound::Cost, self.spent, bounds.complexity_max) {
            return Ok(Err(vec![exceeded.error()]));
        }
        let sees_schema = self.settings().introspection.is_for(self.is_signed_in());
        if price.is_introspective() && !sees_schema {
            let error = Error::Unauthenticated("sign in first: the schema is shown to those who are signed in");
            return Ok(Err(vec![coded(&error.to_string(), error.code())]));
        }
        let mut request = Request::new(String::new()).variables(variables);
        request.operation_name.clone_from(&name);
        request.set_parsed_query(document.clone());
        if !sees_schema {
            request.introspection_mode = IntrospectionMode::Disabled;
        }
        Ok(Ok(Ready { request, document: document.clone(), name, price }))
    }

    /// Runs an operation.
    async fn execute(&self, ready: Ready) -> Result<Answer, Refusal> {
        let Ready { request, document, name, price } = ready;
        let execution = demarche_graphql::execute(&self.state.app.schema, request, self.op.clone());
        // Whatever it leaves half done belongs to this request, and is dropped with it.
        let execution = self.in_time(AssertUnwindSafe(execution).catch_unwind()).await?;
        // What it said is on the standard error already.
        let mut response = execution.map_err(|_| Error::internal("the execution of the query panicked"))?;
        // What cannot be logged must not be shown.
        self.in_time(demarche_graphql::settle(&self.op)).await??;
        if has_not_begun(&response) {
            return Ok(Answer { errors: response.errors, ..Answer::default() });
        }
        demarche_graphql::order::arrange(&mut response.data, &document, name.as_deref());
        let cost = Cost { requested: price.requested, actual: Some(price.actual(&response.data)), left: self.left() };
        Ok(Answer { data: Some(response.data), errors: response.errors, extensions: Some(Extensions { cost }) })
    }

    /// Says what an operation would cost. It is validated as if it ran, but nothing outside of the schema is asked.
    async fn tell_price(&self, ready: Ready) -> Result<Answer, Refusal> {
        let Ready { request, price, .. } = ready;
        let validation = self.in_time(self.state.app.schema.execute(request.only_introspection())).await?;
        if has_not_begun(&validation) {
            return Ok(Answer { errors: validation.errors, ..Answer::default() });
        }
        let cost = Cost { requested: price.requested, actual: None, left: self.left() };
        Ok(Answer { data: Some(Value::Null), extensions: Some(Extensions { cost }), ..Answer::default() })
    }

    fn bound_errors(&self, answer: &mut Answer) {
        let (limit, found) = (self.settings().bounds.errors_max, answer.errors.len());
        if let Err(exceeded) = Exceeded::check(Bound::Errors, found, limit) {
            answer.errors.truncate(limit.saturating_sub(1));
            answer.errors.push(exceeded.error());
        }
    }
}

/// Whether async-graphql has refused an operation instead of running it: only then errors have no path.
fn has_not_begun(response: &async_graphql::Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

impl Introspection {
    const fn is_for(self, is_signed_in: bool) -> bool {
        match self {
            Self::SignedIn => is_signed_in,
            Self::Everyone => true,
            Self::Nobody => false,
        }
    }
}

/// Takes from an error what it says of the schema: validation names types and fields.
fn withhold(error: &mut ServerError) {
    if error.extensions.is_none() && !error.message.starts_with("syntax error") {
        "the document does not fit the schema: sign in to be told why".clone_into(&mut error.message);
    }
}

fn coded(message: &str, code: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

/// Gives an error its code, if it has none yet, and the id of the request; the cause of a fault goes to the log.
fn finish(error: &mut ServerError, id: &str) {
    /// What is longer repeats what was sent.
    const MESSAGE_MAX: usize = 1000;
    let ours = error.source::<Error>();
    if let Some(Error::Internal(cause)) = ours {
        error!(cause = ?cause, path = ?error.path, "fault");
    }
    let code = ours.map_or("BAD_USER_INPUT", Error::code);
    if error.message.len() > MESSAGE_MAX {
        error.message = error.message.chars().take(MESSAGE_MAX).collect();
    }
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", code);
    }
    extensions.set("requestId", id);
}
