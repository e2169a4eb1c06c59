//! The manifest of columns: of every column of the database, whether it may leave, under which name, and how it is written.
//!
//! *Public* columns are in every file unless others are chosen. *Restricted* ones leave only if they are asked for by name:
//! persons who did the recording, and whole texts of sources, which may be somebody's property. What is not here never
//! leaves. A test compares this page with both databases, in both directions: a new column must be decided on here.

use entity::kind::Kind;

use demarche_core::store::stream::Shape;

/// Whether a column may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Unless others are chosen.
    Public,
    /// If it is asked for by name.
    Restricted,
    /// Not at all.
    Never,
}

/// What a value means, and so how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The key of a record of this kind, written in its public form.
    Key(Kind),
    /// Keys of records of this kind.
    Keys(Kind),
    /// A text or a word.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// Yes or no.
    Flag,
    /// A day.
    Date,
    /// A moment.
    Moment,
    /// A stance, by its word.
    Stance,
    /// An ICD 203 band, by its word.
    Likelihood,
    /// A TLP marking, by its word.
    Marking,
    /// A JSON value.
    Json,
}

impl Form {
    /// What the database holds.
    pub const fn shape(self) -> Shape {
        match self {
            Self::Key(_) | Self::Integer | Self::Moment | Self::Stance | Self::Likelihood | Self::Marking => {
                Shape::Integer
            }
            Self::Keys(_) | Self::Text => Shape::Text,
            Self::Real => Shape::Real,
            Self::Flag => Shape::Flag,
            Self::Date => Shape::Date,
            Self::Json => Shape::Json,
        }
    }

    /// What a columnar file holds.
    pub const fn typed(self) -> Type {
        match self {
            Self::Key(_) | Self::Text | Self::Stance | Self::Likelihood | Self::Marking | Self::Json => Type::Text,
            Self::Keys(_) => Type::List,
            Self::Integer => Type::Integer,
            Self::Real => Type::Real,
            Self::Flag => Type::Flag,
            Self::Date => Type::Date,
            Self::Moment => Type::Moment,
        }
    }
}

/// What a column of a columnar file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Texts: also keys in their public form, words, and JSON values.
    Text,
    /// Whole numbers, of 64 bits.
    Integer,
    /// Numbers, of 64 bits.
    Real,
    /// Yes or no.
    Flag,
    /// Days.
    Date,
    /// Moments, to the microsecond, in UTC.
    Moment,
    /// Lists of texts.
    List,
}

/// Where a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the record's own table, in a column of this name.
    Own(&'static str),
    /// In a table beside it.
    Beside {
        /// The table.
        table: &'static str,
        /// Its column that holds the record's key.
        key: &'static str,
        /// Its column that holds the value.
        column: &'static str,
    },
    /// In the rows of a link table.
    Links {
        /// The link table.
        table: &'static str,
        /// Its column that holds the record's key.
        near: &'static str,
        /// Its column that holds the other's key.
        far: &'static str,
        /// Its column that says in which role.
        role: Option<&'static str>,
        /// The only value of its column `kind` that counts.
        only: Option<&'static str>,
    },
}

/// One column of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, that of the field in GraphQL.
    pub name: &'static str,
    /// Where it is stored.
    pub place: Place,
    /// How it is written.
    pub form: Form,
    /// Whether it may leave.
    pub access: Access,
}

const fn public(name: &'static str, stored: &'static str, form: Form) -> Column {
    Column { name, place: Place::Own(stored), form, access: Access::Public }
}

const fn restricted(name: &'static str, stored: &'static str, form: Form) -> Column {
    Column { name, place: Place::Own(stored), form, access: Access::Restricted }
}

const fn links(name: &'static str, table: &'static str, near: &'static str, far: &'static str, kind: Kind) -> Column {
    let place = Place::Links { table, near, far, role: None, only: None };
    Column { name, place, form: Form::Keys(kind), access: Access::Public }
}

const fn roles(name: &'static str, table: &'static str, near: &'static str, far: &'static str, kind: Kind) -> Column {
    let place = Place::Links { table, near, far, role: Some("role"), only: None };
    Column { name, place, form: Form::Keys(kind), access: Access::Public }
}

const fn arguments(name: &'static str, only: &'static str) -> Column {
    let place =
        Place::Links { table: "argument_link", near: "argument_id", far: "target_id", role: None, only: Some(only) };
    Column { name, place, form: Form::Keys(Kind::Argument), access: Access::Public }
}

const STAKEHOLDER: Form = Form::Key(Kind::Stakeholder);
const MECHANISM: Form = Form::Key(Kind::Mechanism);

/// The columns of one kind of row.
pub(super) struct Sheet {
    /// What a row is, in a sentence.
    pub(super) noun: &'static str,
    /// The table that its own columns are in.
    pub(super) table: &'static str,
    /// The columns that may leave.
    pub(super) columns: Vec<Column>,
}

impl Sheet {
    /// Of a kind of record.
    pub(super) fn of(kind: Kind) -> Self {
        Self { noun: kind.noun(), table: kind.table(), columns: columns(kind) }
    }

    /// Of standings, which are derived and stored nowhere: their places only have names.
    pub(super) fn standings() -> Self {
        let columns = vec![
            public("dossier", "", Form::Key(Kind::Dossier)),
            public("stakeholder", "", STAKEHOLDER),
            public("mechanism", "", MECHANISM),
            public("stance", "", Form::Stance),
            public("position", "", Form::Key(Kind::Position)),
            public("beaten", "", Form::Keys(Kind::Position)),
            public("sourceCount", "", Form::Integer),
            public("contested", "", Form::Flag),
        ];
        Self { noun: "standing", table: "", columns }
    }

    /// The column of a name.
    pub(super) fn find(&self, name: &str) -> Option<Column> {
        self.columns.iter().find(|column| column.name == name).copied()
    }
}

/// The columns of a kind of record that may leave, in the order of the file; none if the kind is not exported.
pub fn columns(kind: Kind) -> Vec<Column> {
    let own: &[Column] = match kind {
        Kind::Dossier => &[
            public("slug", "slug", Form::Text),
            public("title", "title", Form::Text),
            public("question", "question", Form::Text),
            public("description", "description", Form::Text),
        ],
        Kind::Stakeholder => &[
            public("slug", "slug", Form::Text),
            public("name", "name", Form::Text),
            public("kind", "kind", Form::Text),
            public("aliases", "aliases", Form::Json),
            public("country", "country", Form::Text),
            public("description", "description", Form::Text),
            public("identifiers", "identifiers", Form::Json),
        ],
        Kind::Mechanism => &[
            public("slug", "slug", Form::Text),
            public("name", "name", Form::Text),
            public("mode", "mode", Form::Text),
            public("kind", "kind", Form::Text),
            public("description", "description", Form::Text),
            public("partOf", "part_of_id", MECHANISM),
            roles("parties", "mechanism_party", "mechanism_id", "stakeholder_id", Kind::Stakeholder),
        ],
        Kind::Condition => &[
            public("mechanism", "mechanism_id", MECHANISM),
            public("statement", "statement", Form::Text),
            public("legalBasis", "legal_basis", Form::Text),
        ],
        Kind::Argument => &[
            public("statement", "statement", Form::Text),
            public("frame", "frame", Form::Text),
            public("description", "description", Form::Text),
            arguments("rebuts", "REBUTS"),
            arguments("reinforces", "REINFORCES"),
        ],
        Kind::Source => &[
            public("slug", "slug", Form::Text),
            public("title", "title", Form::Text),
            public("url", "url", Form::Text),
            public("publisher", "publisher", Form::Text),
            public("author", "author", Form::Text),
            public("publishedOn", "published_on", Form::Date),
            public("publishedOnPrecision", "published_precision", Form::Text),
            public("retrievedOn", "retrieved_on", Form::Date),
            public("retrievedOnPrecision", "retrieved_precision", Form::Text),
            public("language", "language", Form::Text),
            public("sha256", "sha256", Form::Text),
            public("reliability", "reliability", Form::Text),
            Column {
                name: "text",
                place: Place::Beside { table: "source_text", key: "source_id", column: "text" },
                form: Form::Text,
                access: Access::Restricted,
            },
        ],
        Kind::Position => &[
            public("stakeholder", "stakeholder_id", STAKEHOLDER),
            public("onBehalfOf", "on_behalf_of_id", STAKEHOLDER),
            public("mechanism", "mechanism_id", MECHANISM),
            public("stance", "stance", Form::Stance),
            public("rationale", "rationale", Form::Text),
            links("arguments", "position_argument", "position_id", "argument_id", Kind::Argument),
            links("conditions", "position_condition", "position_id", "condition_id", Kind::Condition),
        ],
        Kind::Relation => &[
            public("from", "from_id", STAKEHOLDER),
            public("to", "to_id", STAKEHOLDER),
            public("kind", "kind", Form::Text),
            public("startedOn", "started_on", Form::Date),
            public("startedOnPrecision", "started_precision", Form::Text),
            public("endedOn", "ended_on", Form::Date),
            public("endedOnPrecision", "ended_precision", Form::Text),
            public("tension", "tension", Form::Real),
            public("note", "note", Form::Text),
        ],
        Kind::Status => &[
            public("mechanism", "mechanism_id", MECHANISM),
            public("status", "status", Form::Text),
            public("note", "note", Form::Text),
        ],
        Kind::Finding => &[
            public("condition", "condition_id", Form::Key(Kind::Condition)),
            public("assessor", "assessor_id", STAKEHOLDER),
            public("verdict", "verdict", Form::Text),
            public("rationale", "rationale", Form::Text),
        ],
        Kind::Event => &[
            public("title", "title", Form::Text),
            public("description", "description", Form::Text),
            public("mechanism", "mechanism_id", MECHANISM),
            roles("actors", "event_actor", "event_id", "stakeholder_id", Kind::Stakeholder),
            public("tension", "tension", Form::Real),
        ],
        Kind::Implication => &[
            public("kind", "kind", Form::Text),
            public("statement", "statement", Form::Text),
            public("likelihood", "likelihood", Form::Likelihood),
            public("severity", "severity", Form::Integer),
            public("mechanism", "mechanism_id", MECHANISM),
            public("relation", "relation_id", Form::Key(Kind::Relation)),
        ],
        Kind::Rating => &[
            public("stakeholder", "stakeholder_id", STAKEHOLDER),
            public("influence", "influence", Form::Integer),
            public("interest", "interest", Form::Integer),
            public("salience", "salience", Form::Integer),
            public("power", "power", Form::Flag),
            public("legitimacy", "legitimacy", Form::Flag),
            public("urgency", "urgency", Form::Flag),
            public("note", "note", Form::Text),
        ],
        Kind::Revision | Kind::Account | Kind::Session | Kind::AccessToken | Kind::AuditEntry => return Vec::new(),
    };
    let mut columns = vec![public("id", "id", Form::Key(kind))];
    if kind != Kind::Dossier {
        columns.push(public("dossier", "dossier_id", Form::Key(Kind::Dossier)));
    }
    columns.push(public("externalId", "external_id", Form::Text));
    columns.extend_from_slice(own);
    if kind.is_node() {
        columns.extend_from_slice(&UPKEEP);
    } else {
        columns.extend(provenance(kind));
    }
    columns
}

/// What every node has.
const UPKEEP: [Column; 5] = [
    public("marking", "marking", Form::Marking),
    public("version", "version", Form::Integer),
    public("createdAt", "created_at", Form::Moment),
    restricted("createdBy", "created_by", Form::Key(Kind::Account)),
    public("updatedAt", "updated_at", Form::Moment),
];

/// What every assertion has.
fn provenance(kind: Kind) -> [Column; 15] {
    let (on, stored, precision, stored_precision) = match kind {
        Kind::Position => ("statedOn", "stated_on", "statedOnPrecision", "stated_precision"),
        _ => ("occurredOn", "occurred_on", "occurredOnPrecision", "occurred_precision"),
    };
    [
        public(on, stored, Form::Date),
        public(precision, stored_precision, Form::Text),
        public("source", "source_id", Form::Key(Kind::Source)),
        public("locator", "locator", Form::Text),
        public("quoteExact", "quote_exact", Form::Text),
        public("quotePrefix", "quote_prefix", Form::Text),
        public("quoteSuffix", "quote_suffix", Form::Text),
        public("quoteStart", "quote_start", Form::Integer),
        public("quoteEnd", "quote_end", Form::Integer),
        public("credibility", "credibility", Form::Integer),
        public("confidence", "confidence", Form::Likelihood),
        public("marking", "marking", Form::Marking),
        public("recordedAt", "recorded_at", Form::Moment),
        restricted("recordedBy", "recorded_by", Form::Key(Kind::Account)),
        public("supersedes", "supersedes_id", Form::Key(kind)),
    ]
}

/// What never leaves: tables, and columns of tables that are exported otherwise, each with the reason.
pub const NEVER: [(&str, Option<&str>, &str); 18] = [
    ("account", None, "persons and their passwords; who recorded what is in the restricted columns, by key"),
    ("member", None, "who may see what is no part of the record"),
    ("identity", None, "persons"),
    ("session", None, "secrets"),
    ("refresh_token", None, "secrets"),
    ("access_token", None, "secrets"),
    ("signing_key", None, "secrets"),
    ("audit", None, "who did what is read through GraphQL, by those who may; the moments of changes leave with them"),
    ("audit_head", None, "who did what is read through GraphQL, by those who may"),
    ("audit_record", None, "who did what is read through GraphQL, by those who may"),
    ("change", None, "what has changed leaves as `changes`, to whom it may be told"),
    ("rate_bucket", None, "how much somebody has asked of late is no part of the record"),
    ("revision", None, "`asOf` gives the earlier state of a node as a record of its kind"),
    ("search_document", None, "a copy, for searching"),
    ("seaql_migrations", None, "the manifest of a file names the version"),
    ("*", Some("superseded_at"), "only what stands is exported as a record; the moment leaves with the change"),
    ("*", Some("retracted_at"), "only what stands is exported as a record; the moment leaves with the change"),
    ("*", Some("retracted_by"), "only what stands is exported as a record"),
];

/// What leaves otherwise than as a column: public all the same.
const OTHERWISE: [(&str, &str, &str); 1] =
    [("*", "retraction_reason", "in a line of its own, in an archive of what has changed")];

/// The decision on a stored column: none if it stands nowhere on this page.
pub fn access(table: &str, column: &str) -> Option<Access> {
    use sea_orm::Iterable;
    for kind in Kind::iter() {
        for own in columns(kind) {
            let here = match own.place {
                Place::Own(stored) => table == kind.table() && column == stored,
                Place::Beside { table: beside, key, column: stored } => {
                    table == beside && (column == key || column == stored)
                }
                Place::Links { table: between, near, far, role, only } => {
                    let kind = only.map(|_| "kind");
                    table == between && [Some(near), Some(far), role, kind].contains(&Some(column))
                }
            };
            if here {
                return Some(own.access);
            }
        }
    }
    if OTHERWISE.iter().any(|(of, only, _)| (*of == "*" || *of == table) && *only == column) {
        return Some(Access::Public);
    }
    let never =
        NEVER.iter().any(|(of, only, _)| (*of == "*" || *of == table) && only.is_none_or(|only| only == column));
    never.then_some(Access::Never)
}

/// Every stored column that this page speaks of by its full name, so that one that is gone can be told.
pub fn decided() -> Vec<(&'static str, &'static str)> {
    use sea_orm::Iterable;
    let mut all = Vec::new();
    for kind in Kind::iter() {
        for column in columns(kind) {
            match column.place {
                Place::Own(stored) => all.push((kind.table(), stored)),
                Place::Beside { table, key, column } => all.extend([(table, key), (table, column)]),
                Place::Links { table, near, far, role, only } => {
                    all.extend([(table, near), (table, far)]);
                    all.extend(role.map(|role| (table, role)));
                    all.extend(only.map(|_| (table, "kind")));
                }
            }
        }
    }
    all
}
