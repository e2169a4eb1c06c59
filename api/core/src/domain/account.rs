//! Accounts: who may sign in, and as what.

mod manage;
mod password;

use entity::account::{ActiveModel, Column, Entity, Model};
use entity::kind::Kind;
use entity::words::{AuditAction, Marking, MemberRole, Role};
use futures_util::future::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, Iterable, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, SqlErr,
};

pub use self::manage::{Edit, Window, list, may_manage, update};
pub use self::password::{PASSWORD_MAX, PASSWORD_MIN, change_password, check_new_password, reset_password};
use crate::domain::principal;
use crate::error::{Code, Error, Problems, Result};
use crate::op::{Actor, Base, Credential, Op};
use crate::policy::{self, Action};

const EMAIL_MAX: usize = 254;
const NAME_MAX: usize = 200;

/// By what right an account is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The operation's actor: the policy decides.
    Actor,
    /// Whoever may run the program on this machine: the command line. They hold the database anyway, and without them there
    /// would never be a first account.
    Machine,
}

/// All that a person says of an account.
#[derive(Clone)]
pub struct Draft {
    /// The address that one signs in with. Case and space around it do not count.
    pub email: String,
    /// What others see as the recorder of an assertion.
    pub name: String,
    /// [`PASSWORD_MIN`] to [`PASSWORD_MAX`] characters; none for who signs in at an outside provider only.
    pub password: Option<String>,
    /// What the account may do.
    pub role: Role,
    /// The highest marking that the account may see.
    pub clearance: Marking,
}

impl std::fmt::Debug for Draft {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { email, name, password: _, role, clearance } = self;
        f.debug_struct("Draft")
            .field("email", email)
            .field("name", name)
            .field("role", role)
            .field("clearance", clearance)
            .finish_non_exhaustive()
    }
}

/// Makes an account, in one statement. `hash` turns the checked password into what is stored, and is only run if the rest
/// of the draft is in order.
///
/// # Errors
/// [`Error::Refused`] with all that is wrong with the draft; [`Code::Taken`] if the email has an account already;
/// [`Error::Unauthenticated`] or [`Error::Forbidden`] by [`Authority::Actor`].
pub fn create<'a, F: Future<Output = Result<String>> + Send + 'a>(
    op: &'a Op,
    authority: Authority,
    draft: Draft,
    hash: impl FnOnce(String) -> F + Send + 'a,
) -> BoxFuture<'a, Result<Model>> {
    Box::pin(async move {
        let Draft { email, name, password, role, clearance } = draft;
        let email = fold(&email);
        let mut problems = Problems::default();
        if authority == Authority::Actor {
            policy::may(op, Action::ManageAccounts)?;
            manage::check_clearance(op, clearance, &mut problems)?;
        }
        check(&email, &name, password.as_deref(), &mut problems);
        problems.finish()?;
        let password_hash = match password {
            Some(password) => Some(hash(password).await?.into()),
            None => None,
        };
        let name = name.trim().to_owned();
        let (id, created_at) = (op.id(), op.now());
        let model = Model { id, email, name, password_hash, role, clearance, suspended_at: None, created_at };

        let inside = op.begin().await?;
        let row: ActiveModel = model.clone().into_active_model();
        // The unique index decides, so that of two at once only one is taken.
        if let Err(cause) = row.insert(&inside.lane).await {
            return Err(match cause.sql_err() {
                Some(SqlErr::UniqueConstraintViolation(_)) => {
                    Error::refused(Code::Taken, "email", format!("{} has an account already", model.email))
                }
                _ => cause.into(),
            });
        }
        inside.note_in_instance(AuditAction::Account, Kind::Account, model.id);
        inside.commit().await?;
        Ok(model)
    })
}

fn check(email: &str, name: &str, password: Option<&str>, problems: &mut Problems) {
    problems.required("email", email, EMAIL_MAX);
    if !email.is_empty() && !is_address(email) {
        problems.add(Code::Invalid, "email", "is not an address, expected one like name@example.org");
    }
    problems.required("name", name, NAME_MAX);
    if let Some(password) = password {
        check_new_password("password", password, problems);
    }
}

/// An address and a name in the form in which they are stored, if they are fit for an account.
pub(super) fn is_fit(email: &str, name: &str) -> Option<(String, String)> {
    let (email, name) = (fold(email), name.trim().to_owned());
    let mut problems = Problems::default();
    check(&email, &name, None, &mut problems);
    problems.finish().is_ok().then_some((email, name))
}

/// The form in which an email is stored and looked up.
fn fold(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Whether a text looks like an address. Whether mail arrives there is another matter.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let clean =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@');
    clean(local) && clean(domain) && !domain.starts_with('.') && !domain.ends_with('.')
}

/// The account with this email. Asks nobody for leave: it is for signing in, when nobody is known yet, and for the command
/// line.
///
/// # Errors
/// If the database is away.
pub async fn find(op: &Op, email: &str) -> Result<Option<Model>> {
    let email = fold(email);
    // PostgreSQL refuses the character NUL, and no account has it.
    if email.contains('\0') {
        return Ok(None);
    }
    Ok(Entity::find().filter(Column::Email.eq(email)).one(&op.lane).await?)
}

/// The account that asks, with the role and the clearance that count for this request: those of its credential may be
/// narrower. Nothing if it is gone.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor; otherwise if the database is away.
pub fn own(op: &Op) -> BoxFuture<'_, Result<Option<Model>>> {
    Box::pin(async move {
        let signed = policy::signed(op)?;
        let found = get(op, signed.id).await?;
        Ok(found.map(|model| Model { role: signed.role, clearance: signed.clearance, ..model }))
    })
}

/// The account that asks, if it may change what it signs in with.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor and for an account that is gone, [`Error::Forbidden`] if its
/// credential does not reach so far; otherwise if the database is away.
pub async fn own_credentials(op: &Op) -> Result<Model> {
    policy::may(op, Action::ManageTokens)?;
    own(op).await?.ok_or(Error::Unauthenticated("the account is gone"))
}

/// The account with this key. Asks nobody for leave: it is for finding out who asks.
///
/// # Errors
/// If the database is away.
pub async fn get(op: &Op, id: i64) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(&op.lane).await?)
}

/// An operation in the name of an account. For the command line.
///
/// # Errors
/// [`Error::NotFound`] if there is no such account, or it is suspended.
pub async fn acting(base: &Base, id: i64) -> Result<Op> {
    let mut op = base.op(Actor::Anonymous);
    let found = principal::by_key(&op, id, Credential::Machine).await?;
    let signed = found.ok_or_else(|| Error::NotFound("there is no such account, or it is suspended".to_owned()))?;
    op.actor = signed.into();
    Ok(op)
}

/// How many accounts there are. For the command line.
///
/// # Errors
/// If the database is away.
pub async fn count(op: &Op) -> Result<u64> {
    Ok(Entity::find().count(&op.lane).await?)
}

/// The one account that may record assertions; none if there is none, or more than one. For the command line.
///
/// # Errors
/// If the database is away.
pub async fn only_recorder(op: &Op) -> Result<Option<Model>> {
    let roles = Role::iter().filter(|role| policy::permits(*role, Some(MemberRole::Owner), Action::Assert));
    let active = Condition::all().add(Column::Role.is_in(roles)).add(Column::SuspendedAt.is_null());
    let mut found = Entity::find().filter(active).order_by_asc(Column::Id).limit(2).all(&op.lane).await?;
    let last = found.pop();
    Ok(last.filter(|_| found.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let mut problems = Problems::default();
        check("nobody", " ", Some("short"), &mut problems);
        let Err(Error::Refused(refusals)) = problems.finish() else { panic!("was not refused") };
        let fields: Vec<_> = refusals.iter().map(|refusal| refusal.field.join(".")).collect();
        assert_eq!(fields, ["email", "name", "password"]);
        assert_eq!(refusals[2].message, "has 5 characters, expected 12 to 1000");
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in ["a@b", "analyst@demo.invalid", "böb+x@exämple.org"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "@", "a@", "@b", "a b@c", "a@b@c", "a@.b", "a@b.", "a\u{0}@b"] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_draft_does_not_print_its_password() {
        let draft = Draft {
            email: "a@b".into(),
            name: "A".into(),
            password: Some("correct horse".into()),
            role: Role::Reader,
            clearance: Marking::Clear,
        };
        assert!(!format!("{draft:?}").contains("horse"));
    }
}
