//! The one way in which GraphQL writes: a transaction around one function of the domain. All of it is done, or none.
//!
//! What writes a kind of record is boxed: what it runs is looked through by the compiler here, for all kinds at once, and not once
//! more for each field that writes one.

use async_graphql::{Context, MaybeUndefined};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::words::{AuditAction, Marking};
use futures_util::future::BoxFuture;

use crate::error::{Result, Written, fault};
use crate::loader;
use demarche_core::domain::write::{Assertable, Editable};
use demarche_core::domain::{Action, audit, readable};
use demarche_core::error::{Code, Error, Problems};
use demarche_core::op::Op;

/// Begins the transaction of a mutation.
pub async fn begin(ctx: &Context<'_>) -> Result<Op> {
    // What this request has read so far may be wrong once it has written.
    loader::loaders(ctx)?.forget();
    let mut op = loader::op(ctx)?.begin().await.map_err(fault)?;
    op.origin.operation.get_or_insert_with(|| ctx.field().name().to_owned());
    Ok(op)
}

/// Ends the transaction of a mutation: keeps it if all went well. That it did not is kept in the audit log.
pub async fn end<T>(op: Op, result: std::result::Result<T, Error>) -> Result<Written<T>> {
    let outside = op.outside();
    let result = match result {
        Ok(record) => op.commit().await.map(|()| record),
        Err(error) => {
            // Its transaction must be over before the next one begins.
            drop(op);
            Err(error)
        }
    };
    if let Err(error) = &result {
        audit::not_done(&outside, AuditAction::Write, error).await.map_err(fault)?;
    }
    Written::new(result)
}

/// Creates a node.
pub fn create<'a, E: Editable>(
    ctx: &'a Context<'_>,
    draft: E::Draft,
    problems: Problems,
) -> BoxFuture<'a, Result<Written<E::Model>>> {
    Box::pin(async move {
        let op = begin(ctx).await?;
        let action = if E::KIND == Kind::Dossier { Action::OpenDossier } else { Action::EditNode };
        let result = match readable(&op, action, problems) {
            Ok(()) => E::create(&op, &draft).await,
            Err(error) => Err(error),
        };
        end(op, result).await
    })
}

/// Edits a node. A stale version gives the current record beside the refusal.
pub fn update<'a, E: Editable>(
    ctx: &'a Context<'_>,
    id: i64,
    version: i32,
    edit: impl FnOnce(&mut E::Draft) + Send + 'a,
    problems: Problems,
) -> BoxFuture<'a, Result<Written<E::Model>>> {
    Box::pin(async move {
        let op = begin(ctx).await?;
        let result = match readable(&op, Action::EditNode, problems) {
            Ok(()) => E::edit(&op, id, version, Box::new(edit)).await,
            Err(error) => Err(error),
        };
        let conflict =
            matches!(&result, Err(Error::Refused(refusals)) if refusals.iter().any(|r| r.code == Code::Conflict));
        let mut written = end(op, result).await?;
        if conflict {
            written.record = E::get(loader::op(ctx)?, Filter::equal(E::ID, id)).await.map_err(fault)?;
        }
        Ok(written)
    })
}

/// Records an assertion.
pub fn record<'a, E: Assertable>(
    ctx: &'a Context<'_>,
    draft: E::Draft,
    problems: Problems,
) -> BoxFuture<'a, Result<Written<E::Model>>> {
    Box::pin(async move {
        let op = begin(ctx).await?;
        let result = match readable(&op, Action::Assert, problems) {
            Ok(()) => E::record(&op, &draft).await,
            Err(error) => Err(error),
        };
        end(op, result).await
    })
}

/// Replaces an assertion by a corrected one.
pub fn supersede<'a, E: Assertable>(
    ctx: &'a Context<'_>,
    id: i64,
    draft: E::Draft,
    problems: Problems,
) -> BoxFuture<'a, Result<Written<E::Model>>> {
    Box::pin(async move {
        let op = begin(ctx).await?;
        let result = match readable(&op, Action::Assert, problems) {
            Ok(()) => E::supersede(&op, id, &draft).await,
            Err(error) => Err(error),
        };
        end(op, result).await
    })
}

/// Takes an assertion back.
pub fn retract<'a, E: Assertable>(
    ctx: &'a Context<'_>,
    id: i64,
    reason: &'a str,
) -> BoxFuture<'a, Result<Written<E::Model>>> {
    Box::pin(async move {
        let op = begin(ctx).await?;
        let result = E::retract(&op, id, reason).await;
        end(op, result).await
    })
}

/// Changes how far an assertion may travel.
pub fn mark<'a, E: Assertable>(
    ctx: &'a Context<'_>,
    id: i64,
    marking: Marking,
) -> BoxFuture<'a, Result<Written<E::Model>>> {
    Box::pin(async move {
        let op = begin(ctx).await?;
        let result = E::mark(&op, id, marking).await;
        end(op, result).await
    })
}

/// Changes a required field if a new value is given.
pub fn set<T>(field: &mut T, value: Option<impl Into<T>>) {
    if let Some(value) = value {
        *field = value.into();
    }
}

/// Changes an optional field if a new value is given; null takes the value away.
pub fn set_or_clear<T, S: Into<T>>(field: &mut Option<T>, value: MaybeUndefined<S>) {
    match value {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => *field = None,
        MaybeUndefined::Value(value) => *field = Some(value.into()),
    }
}
