//! Dossiers: one policy question under study each.

use entity::change;
use entity::dossier::{ActiveModel, Column, Entity, Model};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::record::Upkeep;
use entity::words::{AuditAction, ChangeAction, Marking};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::domain::access;
use crate::domain::assertion::{LINE_MAX, TEXT_MAX};
use crate::domain::list::Readable;
use crate::domain::node::{Concept, Header, stale};
use crate::domain::reference::Reference;
use crate::domain::search::Words;
use crate::error::{Code, Error, Problems, Result};
use crate::op::{Changed, Op, Step};
use crate::policy::{self, Action};

/// All that a person says of a dossier.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub slug: String,
    pub external_id: Option<String>,
    pub marking: Option<Marking>,
    pub title: String,
    pub question: Option<String>,
    pub description: Option<String>,
}

impl Concept for Entity {
    type Row = ActiveModel;
    type Draft = Draft;

    fn header(draft: &Draft) -> Header<'_> {
        Header {
            dossier: None,
            slug: Some(&draft.slug),
            external_id: draft.external_id.as_deref(),
            marking: draft.marking,
        }
    }

    fn marking(draft: &mut Draft) -> &mut Option<Marking> {
        &mut draft.marking
    }

    fn check(_op: &Op, draft: &Draft, problems: &mut Problems) {
        problems.required("title", &draft.title, LINE_MAX);
        problems.optional("question", draft.question.as_deref(), TEXT_MAX);
        problems.optional("description", draft.description.as_deref(), TEXT_MAX);
    }

    fn references(_draft: &Draft) -> Vec<Reference> {
        Vec::new()
    }

    fn with_slug(slug: &str) -> Option<Filter<Self>> {
        Some(Filter::equal(Column::Slug, slug))
    }

    fn with_external_id(external_id: &str) -> Filter<Self> {
        Filter::equal(Column::ExternalId, external_id)
    }

    fn build(draft: &Draft, upkeep: Upkeep) -> Model {
        let Draft { slug, external_id: _, marking: _, title, question, description } = draft.clone();
        let Upkeep { id, dossier_id: _, version, created_at, created_by, updated_at, marking, external_id } = upkeep;
        Model {
            id,
            version,
            created_at,
            created_by,
            updated_at,
            marking,
            external_id,
            slug,
            title,
            question,
            description,
        }
    }

    fn words(model: &Model) -> Words {
        let body = [Some(model.slug.as_str()), model.question.as_deref(), model.description.as_deref()];
        Words::new(&model.title, body)
    }

    async fn draft(_op: &Op, model: &Model) -> Result<Draft> {
        let model = model.clone();
        Ok(Draft {
            slug: model.slug,
            external_id: model.external_id,
            marking: Some(model.marking),
            title: model.title,
            question: model.question,
            description: model.description,
        })
    }
}

/// Lets nobody [`seize`] these dossiers until the transaction ends; others may hold them as well.
pub(super) async fn hold(op: &Op, ids: &[i64]) -> Result<()> {
    lock(op, ids, LockType::KeyShare).await
}

/// Lets nobody write in a dossier until the transaction ends.
pub(super) async fn seize(op: &Op, id: i64) -> Result<()> {
    lock(op, &[id], LockType::Update).await
}

/// On SQLite, where only one transaction writes at a time, this is a read.
async fn lock(op: &Op, ids: &[i64], how: LockType) -> Result<()> {
    let rows = Entity::find().select_only().column(Column::Id).filter(Column::Id.is_in(ids.iter().copied()));
    rows.lock(how).into_tuple::<i64>().all(&op.lane).await?;
    Ok(())
}

/// What belongs to the records of a dossier and has no column for it: the table, its column, and the table that this leads
/// to.
const BELONGINGS: [(&str, &str, &str); 6] = [
    ("position_argument", "position_id", "position"),
    ("position_condition", "position_id", "position"),
    ("event_actor", "event_id", "event"),
    ("argument_link", "argument_id", "argument"),
    ("mechanism_party", "mechanism_id", "mechanism"),
    ("source_text", "source_id", "source"),
];

/// The tables with a column for the dossier, each before those that it refers to.
const TABLES: [&str; 16] = [
    "implication",
    "rating",
    "event",
    "finding",
    "status",
    "relation",
    "position",
    "condition",
    "argument",
    "mechanism",
    "source",
    "stakeholder",
    "search_document",
    "revision",
    "member",
    "access_token",
];

/// Deletes a dossier with all that is in it, also what one may not see. What is said of it in the audit log stays. To be
/// called within a transaction.
///
/// # Errors
/// [`Error::Refused`] if there is no such dossier, somebody has edited it since, or `slug` is not its readable name;
/// [`Error::Forbidden`] if one does not own it.
pub fn delete<'a>(op: &'a Op, id: i64, version: i32, slug: &'a str) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        policy::may(op, Action::DeleteDossier)?;
        let missing = || Error::refused(Code::NotFound, "id", "there is no such dossier");
        let found = || Entity::get(op, Filter::equal(Column::Id, id));
        found().await?.ok_or_else(missing)?;
        policy::authorise(op, Action::DeleteDossier, id)?;
        seize(op, id).await?;
        let dossier = found().await?.ok_or_else(missing)?;
        if dossier.version != version {
            return Err(stale(version, dossier.version));
        }
        if dossier.slug != slug {
            let message = "is not the readable name of this dossier: write it again to say that you mean this one";
            return Err(Error::refused(Code::Invalid, "slug", message));
        }
        let members = access::members(op, id).await?;
        let of_dossier = || Expr::col("dossier_id").eq(id);
        for (table, column, to) in BELONGINGS {
            let owners = Query::select().column("id").from(to).and_where(of_dossier()).take();
            let delete = Query::delete().from_table(table).and_where(Expr::col(column).in_subquery(owners)).take();
            op.lane.execute(&delete).await?;
        }
        for table in TABLES {
            op.lane.execute(&Query::delete().from_table(table).and_where(of_dossier()).take()).await?;
        }
        // What its changes say of its records is gone with them; what they say of somebody's access is for that account.
        let changes = change::Entity::delete_many().filter(change::Column::DossierId.eq(id));
        changes.filter(change::Column::Kind.ne(Kind::Account)).exec(&op.lane).await?;
        Entity::delete_by_id(id).exec(&op.lane).await?;
        for account in members {
            access::ended(op, account, id, dossier.marking);
        }
        // And for those who see every dossier.
        let (action, marking) = (ChangeAction::AccessEnded, dossier.marking);
        op.changed(Changed { kind: Kind::Dossier, id, dossier: id, action, marking, before: None });
        let step = Step { action: AuditAction::Delete, dossier: Some(id), marking: dossier.marking };
        op.note(step, Kind::Dossier, id);
        policy::signed(op)?.memberships.remove(id);
        Ok(())
    })
}
