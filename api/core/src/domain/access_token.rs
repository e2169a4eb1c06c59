//! Access tokens: keys for scripts. Each has a name, says what it lets through, may be bound to one dossier, and may hold
//! for minutes, years or ever.

use entity::access_token::{ActiveModel, Column, Entity, Model, Scopes};
use entity::kind::Kind;
use entity::moment::Moment;
use entity::words::{AuditAction, TokenScope};
use entity::{account, dossier, filter::Filter};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::domain::list::Readable;
use crate::error::{Code, Error, Problems, Result};
use crate::op::{Credential, Op};
use crate::policy::{self, Action};
use crate::secret::Secret;
use crate::secret::opaque::{self, ACCESS};

/// How many tokens an account may have at once.
pub const TOKENS_MAX: u64 = 200;
/// The most characters of a token's name.
pub const NAME_MAX: usize = 200;
/// How often the last use of a token is written down, at most.
const USE_NOTED_US: i64 = 60 * 1_000_000;

/// All that a person says of an access token.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it is for.
    pub name: String,
    /// What it lets its bearer do.
    pub scopes: Vec<TokenScope>,
    /// The only dossier that it reaches, if it is to be bound to one.
    pub dossier: Option<i64>,
    /// When it stops to hold; never, if there is no such moment.
    pub expires_at: Option<Moment>,
}

/// Those that are neither revoked nor expired.
pub(super) fn holds(now: Moment) -> Condition {
    let expires = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now));
    Condition::all().add(Column::RevokedAt.is_null()).add(expires)
}

/// Makes an access token of the actor's own. The token itself is given this once; only its hash is kept. To be called
/// within a transaction.
///
/// # Errors
/// [`Error::Refused`] with all that is wrong, also if it would let through more than the actor's own credential does;
/// [`Error::Unauthenticated`] or [`Error::Forbidden`] if the actor may make none.
pub fn create(op: &Op, draft: Draft) -> BoxFuture<'_, Result<(Model, Secret)>> {
    Box::pin(async move {
        policy::may(op, Action::ManageTokens)?;
        let signed = policy::signed(op)?;
        let mut problems = Problems::default();
        problems.required("name", &draft.name, NAME_MAX);
        check_scopes(&signed.credential, &draft.scopes, &mut problems);
        check_expiry(op, draft.expires_at, &mut problems).await?;
        check_dossier(op, draft.dossier, &mut problems).await?;
        let own = Entity::find().filter(Column::AccountId.eq(signed.id)).filter(holds(op.now()));
        if own.count(&op.lane).await? >= TOKENS_MAX {
            problems.add(Code::Invalid, "", format!("you have {TOKENS_MAX} access tokens already: revoke one first"));
        }
        problems.finish()?;
        let secret = opaque::mint(ACCESS)?;
        let model = Model {
            id: op.id(),
            account_id: signed.id,
            name: draft.name.trim().to_owned(),
            hash: opaque::hash(secret.expose()),
            scopes: Scopes::new(&draft.scopes),
            dossier_id: draft.dossier,
            created_at: op.now(),
            expires_at: draft.expires_at,
            used_at: None,
            revoked_at: None,
        };
        let row: ActiveModel = model.clone().into_active_model();
        row.insert(&op.lane).await?;
        op.note_in_instance(AuditAction::Token, Kind::AccessToken, model.id);
        Ok((model, secret))
    })
}

/// Nobody hands out more than they hold.
fn check_scopes(credential: &Credential, scopes: &[TokenScope], problems: &mut Problems) {
    if scopes.is_empty() {
        problems.add(Code::Required, "scopes", "must not be empty: it would let nothing through");
    }
    for (n, scope) in scopes.iter().enumerate() {
        if !credential.allows(*scope) {
            let text = "is more than your own credential lets through";
            problems.add(Code::Invalid, &format!("scopes.{n}"), text);
        }
    }
    // Half of a pair would let nothing through, and nobody would know why.
    for (scope, needed, text) in [
        (TokenScope::Write, TokenScope::Read, "WRITE needs READ: what is written is looked up, and read back"),
        (TokenScope::ExportAmberStrict, TokenScope::Export, "EXPORT_AMBER_STRICT needs EXPORT"),
    ] {
        if scopes.contains(&scope) && !scopes.contains(&needed) {
            problems.add(Code::Invalid, "scopes", text);
        }
    }
}

/// It must hold for a while, and not longer than the access token that it is made with.
async fn check_expiry(op: &Op, expires_at: Option<Moment>, problems: &mut Problems) -> Result<()> {
    if expires_at.is_some_and(|at| at <= op.now()) {
        problems.add(Code::Invalid, "expiresAt", "lies in the past: the token would never hold");
    }
    let Credential::Token { id, .. } = policy::signed(op)?.credential else { return Ok(()) };
    let maker = Entity::find_by_id(id).one(&op.lane).await?.and_then(|maker| maker.expires_at);
    if maker.is_some_and(|maker| expires_at.is_none_or(|at| at > maker)) {
        problems.add(Code::Invalid, "expiresAt", "is later than the end of the access token that you use yourself");
    }
    Ok(())
}

/// The dossier must be visible to whom the token stands for.
async fn check_dossier(op: &Op, dossier: Option<i64>, problems: &mut Problems) -> Result<()> {
    let Some(dossier) = dossier else { return Ok(()) };
    let id = Filter::equal(dossier::Column::Id, dossier);
    let visible = match policy::authorise(op, Action::Read, dossier) {
        Ok(()) => dossier::Entity::get(op, id).await?.is_some(),
        Err(_) => false,
    };
    if !visible {
        problems.add(Code::NotFound, "dossier", "there is no such dossier");
    }
    Ok(())
}

/// Revokes an access token, at once: one of the actor's own, or anybody's for who manages accounts.
///
/// # Errors
/// [`Error::Refused`] with [`Code::NotFound`] if there is none; [`Error::Unauthenticated`] or [`Error::Forbidden`].
pub fn revoke(op: &Op, id: i64) -> BoxFuture<'_, Result<Model>> {
    Box::pin(async move {
        policy::may(op, Action::ManageTokens)?;
        let own = policy::signed(op)?.id;
        let anybodys = policy::may(op, Action::ManageAccounts).is_ok();
        revoke_where(op, id, Some(own).filter(|_| !anybodys)).await
    })
}

/// Revokes an access token of anybody. For the command line.
///
/// # Errors
/// [`Error::Refused`] with [`Code::NotFound`] if there is none.
pub async fn revoke_any(op: &Op, id: i64) -> Result<Model> {
    revoke_where(op, id, None).await
}

async fn revoke_where(op: &Op, id: i64, account: Option<i64>) -> Result<Model> {
    let which = Condition::all()
        .add(Column::Id.eq(id))
        .add(Column::RevokedAt.is_null())
        .add_option(account.map(|account| Column::AccountId.eq(account)));
    let found = Entity::find().filter(which.clone()).one(&op.lane).await?;
    let Some(mut model) = found else {
        return Err(Error::refused(Code::NotFound, "id", "there is no such access token, or it is revoked"));
    };
    model.revoked_at = Some(op.now());
    let revoked = Entity::update_many().col_expr(Column::RevokedAt, Expr::val(op.now())).filter(which);
    revoked.exec(&op.lane).await?;
    op.note_in_instance(AuditAction::Token, Kind::AccessToken, model.id);
    Ok(model)
}

/// Revokes all access tokens of an account. To be called within a transaction.
pub(super) async fn revoke_all(op: &Op, account: i64) -> Result<()> {
    let revoked = Entity::update_many().col_expr(Column::RevokedAt, Expr::val(op.now()));
    revoked.filter(Column::AccountId.eq(account)).filter(Column::RevokedAt.is_null()).exec(&op.lane).await?;
    Ok(())
}

/// The access tokens of an account that hold, the newest first: one's own, or anybody's for who manages accounts.
///
/// # Errors
/// [`Error::Unauthenticated`] or [`Error::Forbidden`].
pub fn list(op: &Op, account: i64) -> BoxFuture<'_, Result<Vec<Model>>> {
    Box::pin(async move {
        super::account::may_manage(op, account)?;
        let select = Entity::find().filter(Column::AccountId.eq(account)).filter(holds(op.now()));
        Ok(select.order_by_desc(Column::Id).limit(TOKENS_MAX).all(&op.lane).await?)
    })
}

/// All access tokens that hold, of all accounts or of one, each with its account. For the command line.
///
/// # Errors
/// If the database is away.
pub async fn list_all(op: &Op, account: Option<i64>) -> Result<Vec<(Model, Option<account::Model>)>> {
    let owner = account.map(|account| Column::AccountId.eq(account));
    let select = Entity::find().filter(holds(op.now())).filter(Condition::all().add_option(owner));
    let tokens = select.order_by_asc(Column::Id).all(&op.lane).await?;
    let keys: Vec<i64> = tokens.iter().map(|token| token.account_id).collect();
    let owners = account::Entity::find().filter(account::Column::Id.is_in(keys)).all(&op.lane).await?;
    let owner = |token: &Model| owners.iter().find(|owner| owner.id == token.account_id).cloned();
    Ok(tokens.into_iter().map(|token| (token.clone(), owner(&token))).collect())
}

/// Whether the use of a token is to be written down: not if that was done within the last minute.
pub fn is_due(now: Moment, used_at: Option<Moment>) -> bool {
    used_at.is_none_or(|used_at| now.0.saturating_sub(used_at.0) >= USE_NOTED_US)
}

/// Writes down that a token was used now, unless another instance has done so within the last minute.
///
/// # Errors
/// If the database is away.
pub async fn note_use(op: &Op, id: i64) -> Result<()> {
    let due = Condition::any()
        .add(Column::UsedAt.is_null())
        .add(Column::UsedAt.lte(Moment(op.now().0.saturating_sub(USE_NOTED_US))));
    let inside = op.begin().await?;
    let used = Entity::update_many().col_expr(Column::UsedAt, Expr::val(op.now()));
    used.filter(Column::Id.eq(id)).filter(due).exec(&inside.lane).await?;
    inside.commit().await
}

/// The scopes of a token that lets through what a sign-in does.
pub const AS_A_SESSION: [TokenScope; 4] = [TokenScope::Read, TokenScope::Write, TokenScope::Export, TokenScope::Admin];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let at = |seconds: i64| Moment(seconds * 1_000_000);
        assert!(is_due(at(100), None));
        assert!(!is_due(at(100), Some(at(41))));
        assert!(is_due(at(100), Some(at(40))));
        assert!(!is_due(at(100), Some(at(200))));
    }

    #[test]
    fn the_default_is_what_a_session_lets_through() {
        let session = Credential::Session(1);
        let through: Vec<TokenScope> =
            <TokenScope as sea_orm::Iterable>::iter().filter(|scope| session.allows(*scope)).collect();
        assert_eq!(through, AS_A_SESSION);
    }
}
