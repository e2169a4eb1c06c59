//! Who acts: an account with all that the policy asks of it and of what was shown to prove it, in one statement. Asks nobody
//! for leave: it is for finding out who asks.

use entity::access_token::{self, Scopes};
use entity::account::{Column, Entity};
use entity::moment::Moment;
use entity::words::{Marking, MemberRole, Role};
use entity::{dossier, identity, member, session, signing_key};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, QueryTrait, Select,
};

use crate::error::Result;
use crate::op::{Credential, Memberships, Op, Signed};

/// An account, and one of its memberships.
#[derive(FromQueryResult)]
struct Membership {
    id: i64,
    role: Role,
    clearance: Marking,
    dossier_id: Option<i64>,
    member_role: Option<MemberRole>,
}

/// The same, by an access token.
#[derive(FromQueryResult)]
struct ByToken {
    #[sea_orm(nested)]
    who: Membership,
    token_id: i64,
    scopes: Scopes,
    only_dossier: Option<i64>,
    used_at: Option<Moment>,
}

/// Every account that is not suspended, with its memberships: a row each, or one row without any.
fn active() -> Select<Entity> {
    let mut select = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Role, Column::Clearance])
        .column_as(dossier::Column::Id, "dossier_id")
        .column_as(member::Column::Role, "member_role")
        .filter(Column::SuspendedAt.is_null());
    join(&mut select, JoinType::LeftJoin, &member::Column::AccountId);
    // A dossier that is marked above the clearance is not there, for its member either.
    let visible = Condition::all()
        .add(dossier::Column::Id.into_expr().eq(member::Column::DossierId.into_expr()))
        .add(dossier::Column::Marking.into_expr().lte(Column::Clearance.into_expr()));
    QueryTrait::query(&mut select).join(JoinType::LeftJoin, dossier::Entity, visible);
    select
}

/// Joins a table whose `account` says whose its rows are.
fn join<C: ColumnTrait>(select: &mut Select<Entity>, kind: JoinType, account: &C) {
    let on = Condition::all().add(account.into_expr().eq(Column::Id.into_expr()));
    QueryTrait::query(select).join(kind, account.entity_name(), on);
}

fn signed(rows: &[Membership], credential: Credential) -> Option<Signed> {
    let Membership { id, role, clearance, .. } = *rows.first()?;
    let roles = rows.iter().filter_map(|row| row.dossier_id.zip(row.member_role));
    Some(Signed { id, role, clearance, memberships: Memberships::new(roles), credential })
}

/// By its key; none if there is no such account or it is suspended, here as below.
///
/// # Errors
/// If the database is away.
pub async fn by_key(op: &Op, id: i64, credential: Credential) -> Result<Option<Signed>> {
    let rows: Vec<Membership> = active().filter(Column::Id.eq(id)).into_model().all(&op.lane).await?;
    Ok(signed(&rows, credential))
}

/// By a session of its own that goes on, and a key of ours that has not gone.
///
/// # Errors
/// If the database is away.
pub async fn by_session(op: &Op, id: i64, session: i64, kid: &str) -> Result<Option<Signed>> {
    let key = Query::select()
        .expr(Expr::val(1))
        .from(signing_key::Entity)
        .cond_where(Condition::all().add(super::signing_key::verifies(op.now())).add(signing_key::Column::Kid.eq(kid)))
        .take();
    let mut select = active()
        .filter(Column::Id.eq(id))
        .filter(session::Column::Id.eq(session))
        .filter(super::session::goes_on(op.now()))
        .filter(Expr::exists(key));
    join(&mut select, JoinType::InnerJoin, &session::Column::AccountId);
    let rows: Vec<Membership> = select.into_model().all(&op.lane).await?;
    Ok(signed(&rows, Credential::Session(session)))
}

/// By the hash of an access token that holds; also says when it was used last.
///
/// # Errors
/// If the database is away.
pub async fn by_token(op: &Op, hash: &str) -> Result<Option<(Signed, Option<Moment>)>> {
    let mut select = active()
        .column_as(access_token::Column::Id, "token_id")
        .column_as(access_token::Column::Scopes, "scopes")
        .column_as(access_token::Column::DossierId, "only_dossier")
        .column_as(access_token::Column::UsedAt, "used_at")
        .filter(access_token::Column::Hash.eq(hash))
        .filter(super::access_token::holds(op.now()));
    join(&mut select, JoinType::InnerJoin, &access_token::Column::AccountId);
    let rows: Vec<ByToken> = select.into_model().all(&op.lane).await?;
    let Some(ByToken { token_id: id, scopes, only_dossier: dossier, used_at, .. }) = rows.first() else {
        return Ok(None);
    };
    let (credential, used_at) =
        (Credential::Token { id: *id, scopes: scopes.list(), dossier: *dossier }, used_at.to_owned());
    let rows: Vec<Membership> = rows.into_iter().map(|row| row.who).collect();
    Ok(signed(&rows, credential).map(|signed| (signed, used_at)))
}

/// By what an outside provider calls it.
///
/// # Errors
/// If the database is away.
pub async fn by_identity(op: &Op, issuer: &str, subject: &str) -> Result<Option<Signed>> {
    let mut select = active().filter(identity::Column::Issuer.eq(issuer)).filter(identity::Column::Subject.eq(subject));
    join(&mut select, JoinType::InnerJoin, &identity::Column::AccountId);
    let rows: Vec<Membership> = select.into_model().all(&op.lane).await?;
    Ok(signed(&rows, Credential::Provider(issuer.to_owned())))
}
