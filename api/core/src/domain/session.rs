//! Sessions: what begins with a sign-in, is prolonged by refresh tokens, each of which works once, and ends with all that it
//! gave out.

use entity::kind::Kind;
use entity::moment::Moment;
use entity::session::{ActiveModel, Column, Entity, Model};
use entity::words::AuditAction;
use entity::{account, refresh_token};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use crate::error::{Code, Error, Result};
use crate::op::{Credential, Op};
use crate::policy::{self, Action};

/// How many sessions an account may have at once. One more ends the oldest.
pub const SESSIONS_MAX: u64 = 100;

/// The sessions that neither have ended nor expired.
pub(super) fn goes_on(now: Moment) -> Condition {
    Condition::all().add(Column::EndedAt.is_null()).add(Column::ExpiresAt.gt(now))
}

/// What a refresh token was good for.
#[derive(Debug)]
pub enum Refreshed {
    /// The session goes on.
    On(Model, account::Model),
    /// It had been used before: somebody else has a copy, and the session has ended.
    Replayed(Model),
    /// There is no such token, or its session has ended.
    Unknown,
}

/// Begins a session of an account; `hash` is that of its first refresh token. To be called within a transaction.
///
/// # Errors
/// If the database is away.
pub async fn begin(op: &Op, account: i64, expires_at: Moment, hash: &str) -> Result<Model> {
    make_room(op, account).await?;
    let now = op.now();
    let model =
        Model { id: op.id(), account_id: account, started_at: now, refreshed_at: now, expires_at, ended_at: None };
    let row: ActiveModel = model.clone().into_active_model();
    row.insert(&op.lane).await?;
    give(op, model.id, hash).await?;
    Ok(model)
}

/// Deletes the account's sessions that are over, and ends the oldest if there are too many.
async fn make_room(op: &Op, account: i64) -> Result<()> {
    let own = || Entity::find().select_only().column(Column::Id).filter(Column::AccountId.eq(account));
    let over = own().filter(goes_on(op.now()).not()).into_query();
    let tokens =
        refresh_token::Entity::delete_many().filter(refresh_token::Column::SessionId.in_subquery(over.clone()));
    tokens.exec(&op.lane).await?;
    let over = Condition::all().add(Column::AccountId.eq(account)).add(goes_on(op.now()).not());
    Entity::delete_many().filter(over).exec(&op.lane).await?;
    let surplus: Vec<i64> =
        own().order_by_desc(Column::Id).offset(SESSIONS_MAX - 1).limit(SESSIONS_MAX).into_tuple().all(&op.lane).await?;
    if !surplus.is_empty() {
        close(op, Condition::all().add(Column::Id.is_in(surplus))).await?;
    }
    Ok(())
}

async fn give(op: &Op, session: i64, hash: &str) -> Result<()> {
    let row = refresh_token::Model { hash: hash.to_owned(), session_id: session, used_at: None };
    row.into_active_model().insert(&op.lane).await?;
    Ok(())
}

/// Takes a refresh token in exchange for the next one, of which `next` is the hash. Of several who show the same one, the
/// database lets exactly one through. To be called within a transaction, which must be kept whatever comes of it.
/// `expires` says until when a session that began at a moment may go on.
///
/// # Errors
/// If the database is away.
pub async fn refresh(op: &Op, hash: &str, next: &str, expires: impl Fn(Moment) -> Moment) -> Result<Refreshed> {
    let Some(token) = refresh_token::Entity::find_by_id(hash).one(&op.lane).await? else {
        return Ok(Refreshed::Unknown);
    };
    let taken = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::UsedAt, Expr::val(op.now()))
        .filter(refresh_token::Column::Hash.eq(hash))
        .filter(refresh_token::Column::UsedAt.is_null())
        .exec(&op.lane)
        .await?;
    let found = Entity::find_by_id(token.session_id).filter(goes_on(op.now())).one(&op.lane).await?;
    let Some(mut session) = found else { return Ok(Refreshed::Unknown) };
    if taken.rows_affected == 0 {
        close(op, Condition::all().add(Column::Id.eq(session.id))).await?;
        return Ok(Refreshed::Replayed(session));
    }
    let account = account::Entity::find_by_id(session.account_id).filter(account::Column::SuspendedAt.is_null());
    let Some(account) = account.one(&op.lane).await? else { return Ok(Refreshed::Unknown) };
    session.refreshed_at = op.now();
    session.expires_at = expires(session.started_at);
    let prolonged = Entity::update_many()
        .col_expr(Column::RefreshedAt, Expr::val(session.refreshed_at))
        .col_expr(Column::ExpiresAt, Expr::val(session.expires_at))
        .filter(Column::Id.eq(session.id))
        .filter(Column::EndedAt.is_null())
        .exec(&op.lane)
        .await?;
    if prolonged.rows_affected == 0 {
        return Ok(Refreshed::Unknown);
    }
    give(op, session.id, next).await?;
    Ok(Refreshed::On(session, account))
}

/// Ends those of the sessions that still go on.
async fn close(op: &Op, which: Condition) -> Result<u64> {
    let ended = Entity::update_many()
        .col_expr(Column::EndedAt, Expr::val(op.now()))
        .filter(which)
        .filter(Column::EndedAt.is_null())
        .exec(&op.lane)
        .await?;
    Ok(ended.rows_affected)
}

/// Ends the sessions of an account, but for the one with the key `but`. To be called within a transaction.
///
/// # Errors
/// If the database is away.
pub(super) async fn end_all(op: &Op, account: i64, but: Option<i64>) -> Result<()> {
    let others = but.map(|but| Column::Id.ne(but));
    close(op, Condition::all().add(Column::AccountId.eq(account)).add_option(others)).await?;
    Ok(())
}

/// Ends the session that the actor signed in with.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor, [`Error::BadInput`] without a session.
pub fn sign_out(op: &Op) -> BoxFuture<'_, Result<i64>> {
    Box::pin(async move {
        let Credential::Session(id) = policy::signed(op)?.credential else {
            return Err(Error::BadInput(
                "only a session can be signed out of: an access token is revoked, a provider's token expires"
                    .to_owned(),
            ));
        };
        close(op, Condition::all().add(Column::Id.eq(id))).await?;
        op.note_in_instance(AuditAction::SignOut, Kind::Session, id);
        Ok(id)
    })
}

/// Ends a session: one of the actor's own, or anybody's for who manages accounts.
///
/// # Errors
/// [`Error::Refused`] with [`Code::NotFound`] if there is none; [`Error::Forbidden`] for a credential that does not reach
/// that far.
pub fn end(op: &Op, id: i64) -> BoxFuture<'_, Result<i64>> {
    Box::pin(async move {
        let own = policy::signed(op)?.id;
        policy::may(op, Action::ManageTokens)?;
        let mut which = Condition::all().add(Column::Id.eq(id));
        if policy::may(op, Action::ManageAccounts).is_err() {
            which = which.add(Column::AccountId.eq(own));
        }
        if close(op, which).await? == 0 {
            return Err(Error::refused(Code::NotFound, "id", "there is no such session, or it has ended"));
        }
        op.note_in_instance(AuditAction::SignOut, Kind::Session, id);
        Ok(id)
    })
}

/// The sessions of an account that go on, the newest first: one's own, or anybody's for who manages accounts.
///
/// # Errors
/// [`Error::Unauthenticated`] or [`Error::Forbidden`].
pub fn list(op: &Op, account: i64) -> BoxFuture<'_, Result<Vec<Model>>> {
    Box::pin(async move {
        super::account::may_manage(op, account)?;
        let select = Entity::find().filter(Column::AccountId.eq(account)).filter(goes_on(op.now()));
        Ok(select.order_by_desc(Column::Id).limit(SESSIONS_MAX).all(&op.lane).await?)
    })
}

/// Whether it is the session in which this is asked.
pub fn is_current(op: &Op, session: &Model) -> bool {
    policy::signed(op).is_ok_and(|signed| signed.credential == Credential::Session(session.id))
}
