//! Taking records away in a file: what one may take, what one asks for, and the entry of the audit log that says that they left.

use std::sync::Arc;

use entity::dossier::{Column, Entity};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::moment::Moment;
use entity::page::Sort;
use entity::record::{AsOf, Record};
use entity::scope::Scope;
use entity::words::{AuditAction, Marking};
use entity::{mechanism, stakeholder};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select};

use crate::domain::standing::{Rule, Verdict};
use crate::error::{Error, Result};
use crate::op::{Op, Step, Trail};
use crate::policy;

/// Which records of one kind, in which order.
pub trait Subject: Send + Sync {
    /// The kind.
    fn kind(&self) -> Kind;
    /// The statement that finds those that one may see, of one dossier if it is given, without any column.
    fn select(&self, scope: &Scope, as_of: AsOf, dossier: Option<i64>) -> SelectStatement;
    /// Whether they are all that there are, by key.
    fn is_everything(&self) -> bool;
}

/// The records of `E`.
pub struct Records<E: Record> {
    /// Which.
    pub filter: Filter<E>,
    /// In which order.
    pub sort: Sort<E>,
}

impl<E: Record> Subject for Records<E> {
    fn kind(&self) -> Kind {
        E::KIND
    }

    fn select(&self, scope: &Scope, as_of: AsOf, dossier: Option<i64>) -> SelectStatement {
        let select = of_dossier::<E>(scope, as_of.recorded, dossier).filter(E::at(as_of));
        let select = select.filter(self.filter.condition(scope, as_of));
        self.sort.order(select).select_only().into_query()
    }

    fn is_everything(&self) -> bool {
        self.filter.is_empty() && self.sort.is_by_key()
    }
}

/// The records of `E` that one may see, of one dossier if it is given; as they were on record at a moment, if one is given.
pub fn of_dossier<E: Record>(scope: &Scope, recorded: Option<Moment>, dossier: Option<i64>) -> Select<E> {
    let only = Condition::all().add_option(dossier.map(|dossier| E::DOSSIER.eq(dossier)));
    E::scoped_at(scope, recorded).filter(only)
}

/// Which standings count, once they are reckoned.
pub type Holds = dyn Fn(Option<&Verdict>) -> bool + Send + Sync;

/// Which standings.
#[derive(Clone)]
pub struct Standings {
    /// The rule.
    pub rule: Rule,
    /// Of these stakeholders.
    pub stakeholders: Filter<stakeholder::Entity>,
    /// On these mechanisms.
    pub mechanisms: Filter<mechanism::Entity>,
    /// Only those that this holds for.
    pub holds: Arc<Holds>,
}

/// What the actor may take away, of one dossier or of all that they see; gives its key as well. Before the first record
/// leaves, each of these dossiers has an entry in the audit log. It names the dossier and none of the records, and is marked
/// like the dossier: its owners are to know who took what away, and with which clearance they did.
///
/// # Errors
/// [`Error::Unauthenticated`] and [`Error::Forbidden`] if the actor may not, [`Error::NotFound`] if there is no such
/// dossier for them; otherwise if the log cannot be written: then nothing must leave.
pub async fn open(op: &Op, slug: Option<&str>) -> Result<(Scope, Option<i64>)> {
    let scope = policy::export_scope(op)?;
    let mut taken = Entity::scoped(&scope).select_only().columns([Column::Id, Column::Marking]);
    if let Some(slug) = slug {
        // PostgreSQL refuses the character NUL, and no slug has it.
        taken = taken.filter(Column::Slug.eq(slug.replace('\0', "")));
    }
    let taken: Vec<(i64, Marking)> = taken.into_tuple().all(&op.lane).await?;
    let only = match (slug, taken.first()) {
        (Some(_), None) => return Err(Error::NotFound("there is no such dossier".to_owned())),
        (Some(_), Some((id, _))) => Some(*id),
        (None, _) => None,
    };
    if !taken.is_empty() {
        let inside = op.begin().await?;
        for (id, marking) in taken {
            inside.note(Step { action: AuditAction::Export, dossier: Some(id), marking }, Kind::Dossier, id);
        }
        inside.commit().await?;
    }
    Ok((scope, only))
}

/// Appends the entries that say which records have left, before the last of them does, or once the file has broken off: one for
/// each dossier and marking, so that it is read by who may see these records. Each names the first of them and counts all. A
/// file without any has an entry as well.
///
/// # Errors
/// If the log cannot be written: then the file must not become whole.
pub async fn finish(op: &Op, dossier: Option<i64>, left: &Trail) -> Result<()> {
    let inside = op.begin().await?;
    if left.is_empty() {
        let marking = match dossier {
            Some(id) => Entity::find_by_id(id).select_only().column(Column::Marking).into_tuple().one(&op.lane).await?,
            None => None,
        };
        inside.note_nothing(Step { action: AuditAction::Export, dossier, marking: marking.unwrap_or_default() });
    }
    inside.note_all(left);
    inside.commit().await
}
