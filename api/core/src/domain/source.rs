//! Sources: the documents that assertions are taken from.

use std::collections::HashMap;

use entity::filter::Filter;
use entity::record::Upkeep;
use entity::source::{ActiveModel, Column, Entity, Model};
use entity::source_text;
use entity::words::{Marking, Reliability};
use futures_util::future::BoxFuture;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use url::Url;

use crate::digest::{hex, sha256};
use crate::domain::assertion::LINE_MAX;
use crate::domain::date::PartialDate;
use crate::domain::node::{Concept, Header};
use crate::domain::reference::Reference;
use crate::domain::search::Words;
use crate::error::{Code, Problems, Result};
use crate::op::Op;
use crate::policy;

/// All that a person says of a source.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub dossier: i64,
    pub slug: String,
    pub external_id: Option<String>,
    pub marking: Option<Marking>,
    pub title: String,
    pub url: Option<String>,
    pub publisher: Option<String>,
    pub author: Option<String>,
    pub published: Option<PartialDate>,
    pub retrieved: Option<PartialDate>,
    pub language: Option<String>,
    pub sha256: Option<String>,
    pub text: Option<String>,
    pub reliability: Option<Reliability>,
}

impl Concept for Entity {
    type Row = ActiveModel;
    type Draft = Draft;

    fn header(draft: &Draft) -> Header<'_> {
        Header {
            dossier: Some(draft.dossier),
            slug: Some(&draft.slug),
            external_id: draft.external_id.as_deref(),
            marking: draft.marking,
        }
    }

    fn marking(draft: &mut Draft) -> &mut Option<Marking> {
        &mut draft.marking
    }

    fn check(op: &Op, draft: &Draft, problems: &mut Problems) {
        problems.required("title", &draft.title, LINE_MAX);
        problems.optional("publisher", draft.publisher.as_deref(), LINE_MAX);
        problems.optional("author", draft.author.as_deref(), LINE_MAX);
        problems.optional("text", draft.text.as_deref(), FULL_TEXT_MAX);
        problems.optional("url", draft.url.as_deref(), 2_000);
        for (field, date) in [("publishedOn", draft.published), ("retrievedOn", draft.retrieved)] {
            if let Some(date) = date {
                date.check(field, op.today(), problems);
            }
        }
        if let Some(url) = &draft.url
            && !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        {
            problems.add(Code::Invalid, "url", "is not an absolute http or https URL");
        }
        if let Some(language) = &draft.language
            && !is_language(language)
        {
            problems.add(Code::Invalid, "language", "is not a BCP 47 language tag such as en or es-MX");
        }
        check_digest(draft, problems);
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
        let Draft {
            dossier: _,
            slug,
            external_id: _,
            marking: _,
            title,
            url,
            publisher,
            author,
            published,
            retrieved,
            language,
            sha256,
            text: _,
            reliability,
        } = draft.clone();
        let Upkeep { id, dossier_id, version, created_at, created_by, updated_at, marking, external_id } = upkeep;
        Model {
            id,
            version,
            created_at,
            created_by,
            updated_at,
            marking,
            external_id,
            dossier_id,
            slug,
            title,
            url,
            publisher,
            author,
            published_on: published.map(|date| date.first),
            published_precision: published.map(|date| date.precision),
            retrieved_on: retrieved.map(|date| date.first),
            retrieved_precision: retrieved.map(|date| date.precision),
            language,
            sha256: draft.text.as_deref().map(digest).or(sha256),
            reliability,
        }
    }

    fn words(model: &Model) -> Words {
        let body = [&model.publisher, &model.author, &model.url].map(|part| part.as_deref());
        Words::new(&model.title, [Some(model.slug.as_str())].into_iter().chain(body))
    }

    async fn draft(op: &Op, model: &Model) -> Result<Draft> {
        let text = text(op, model.id).await?;
        let model = model.clone();
        Ok(Draft {
            dossier: model.dossier_id,
            slug: model.slug,
            external_id: model.external_id,
            marking: Some(model.marking),
            title: model.title,
            url: model.url,
            publisher: model.publisher,
            author: model.author,
            published: PartialDate::stored(model.published_on, model.published_precision),
            retrieved: PartialDate::stored(model.retrieved_on, model.retrieved_precision),
            language: model.language,
            sha256: model.sha256,
            text,
            reliability: model.reliability,
        })
    }

    async fn write_links(op: &Op, id: i64, draft: &Draft) -> Result<()> {
        source_text::Entity::delete_many().filter(source_text::Column::SourceId.eq(id)).exec(&op.lane).await?;
        if let Some(text) = &draft.text {
            let row = source_text::Model { source_id: id, text: text.clone() }.into_active_model().reset_all();
            source_text::Entity::insert(row).exec_without_returning(&op.lane).await?;
        }
        Ok(())
    }
}

/// The most characters of a full text.
pub const FULL_TEXT_MAX: usize = 5_000_000;

/// The full texts of these sources, where they are stored and one may see the source.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub fn texts<'a>(op: &'a Op, ids: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, String>>> {
    Box::pin(async move {
        let scope = policy::scope(op)?;
        let visible =
            Filter::<source_text::Entity>::through(source_text::Column::SourceId, Filter::<Entity>::default());
        let rows = source_text::Entity::find()
            .filter(source_text::Column::SourceId.is_in(ids.iter().copied()))
            .filter(visible.condition(&scope, op.present()))
            .all(&op.lane)
            .await?;
        Ok(rows.into_iter().map(|row| (row.source_id, row.text)).collect())
    })
}

/// The full text of a source, if it is stored and one may see the source.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub async fn text(op: &Op, id: i64) -> Result<Option<String>> {
    Ok(texts(op, &[id]).await?.remove(&id))
}

/// The SHA-256 of a text's UTF-8, as 64 lower-case hex digits.
pub fn digest(text: &str) -> String {
    hex(&sha256(text))
}

fn check_digest(draft: &Draft, problems: &mut Problems) {
    let Some(sha256) = &draft.sha256 else { return };
    if sha256.len() != 64 || !sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        problems.add(Code::Invalid, "sha256", "is not a SHA-256: expected 64 lower-case hex digits");
    } else if draft.text.as_deref().is_some_and(|text| digest(text) != *sha256) {
        problems.add(Code::Invalid, "sha256", "is not the SHA-256 of the text");
    }
}

fn is_language(tag: &str) -> bool {
    tag.len() <= 35
        && tag.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && tag
            .split('-')
            .next()
            .is_some_and(|language| language.len() >= 2 && language.bytes().all(|b| b.is_ascii_alphabetic()))
}
