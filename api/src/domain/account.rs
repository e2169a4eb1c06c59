//! Accounts: who may sign in, and as what.

use entity::account::{ActiveModel, Column, Entity, Model};
use entity::words::Role;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, Iterable, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, SqlErr,
};

use crate::error::{Code, Error, Problems, Result};
use crate::op::Op;
use crate::policy::{self, Action};

/// The fewest characters of a password.
pub const PASSWORD_MIN: usize = 12;
/// The most characters of a password.
pub const PASSWORD_MAX: usize = 1000;
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
    /// [`PASSWORD_MIN`] to [`PASSWORD_MAX`] characters.
    pub password: String,
    /// What the account may do.
    pub role: Role,
}

impl std::fmt::Debug for Draft {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { email, name, password: _, role } = self;
        f.debug_struct("Draft").field("email", email).field("name", name).field("role", role).finish_non_exhaustive()
    }
}

/// Makes an account, in one statement. `hash` turns the checked password into what is stored, and is only run if the rest
/// of the draft is in order.
///
/// # Errors
/// [`Error::Refused`] with all that is wrong with the draft; [`Code::Taken`] if the email has an account already;
/// [`Error::Unauthenticated`] or [`Error::Forbidden`] by [`Authority::Actor`].
pub async fn create<F: Future<Output = Result<String>>>(
    op: &Op,
    authority: Authority,
    draft: Draft,
    hash: impl FnOnce(String) -> F,
) -> Result<Model> {
    if authority == Authority::Actor {
        policy::authorise(op, Action::ManageAccounts)?;
    }
    let Draft { email, name, password, role } = draft;
    let email = fold(&email);
    check(&email, &name, &password)?;
    let password_hash = hash(password).await?;
    let name = name.trim().to_owned();
    let model = Model { id: op.id(), email, name, password_hash, role, created_at: op.now() };

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
    inside.commit().await?;
    Ok(model)
}

fn check(email: &str, name: &str, password: &str) -> Result<()> {
    let mut problems = Problems::default();
    problems.required("email", email, EMAIL_MAX);
    if !email.is_empty() && !is_address(email) {
        problems.add(Code::Invalid, "email", "is not an address, expected one like name@example.org");
    }
    problems.required("name", name, NAME_MAX);
    let length = password.chars().count();
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&length) {
        let code = if length > PASSWORD_MAX { Code::TooLong } else { Code::Invalid };
        let text = format!("has {length} characters, expected {PASSWORD_MIN} to {PASSWORD_MAX}");
        problems.add(code, "password", text);
    }
    problems.finish()
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

/// The account that asks; nothing if it is gone.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor; otherwise if the database is away.
pub async fn own(op: &Op) -> Result<Option<Model>> {
    get(op, policy::signed(op)?.id).await
}

/// The account with this key. Asks nobody for leave: it is for finding out who asks.
///
/// # Errors
/// If the database is away.
pub async fn get(op: &Op, id: i64) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(&op.lane).await?)
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
    let roles = Role::iter().filter(|role| policy::permits(*role, Action::Assert));
    let mut found =
        Entity::find().filter(Column::Role.is_in(roles)).order_by_asc(Column::Id).limit(2).all(&op.lane).await?;
    let last = found.pop();
    Ok(last.filter(|_| found.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let Err(Error::Refused(refusals)) = check("nobody", " ", "short") else { panic!("was not refused") };
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
        let draft =
            Draft { email: "a@b".into(), name: "A".into(), password: "correct horse".into(), role: Role::Reader };
        assert!(!format!("{draft:?}").contains("horse"));
    }
}
