//! Tables: one row a record.

use std::sync::Arc;

use entity::kind::Kind;
use serde_json::Value;

use super::cell::{Style, json_text};
use super::change::NO_MATCH;
use super::column::{Form, Type};
use super::columnar::Columnar;
use super::pipe::Text;
use super::plan::{Found, Plan};
use demarche_core::error::Result;
use demarche_core::id;
use demarche_core::store::stream::{Cell, Row, Taker};

/// The form of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// RFC 4180, UTF-8, with a line of names.
    Csv {
        /// Whether texts that a spreadsheet would run as formulas are defused.
        defused: bool,
    },
    /// One JSON object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
    /// The file format of Apache Arrow IPC.
    Arrow,
}

impl Table {
    pub(super) const fn style(self) -> Style {
        match self {
            Self::Csv { defused } => Style::Csv { defused },
            Self::JsonLines => Style::Json,
            Self::Parquet | Self::Arrow => Style::Typed,
        }
    }

    /// What a line has before each cell of these columns; nothing where there are no lines.
    pub(super) fn leads(self, names: &[String]) -> Vec<Vec<u8>> {
        let lead = |(place, name): (usize, &String)| match (self, place) {
            (Self::Csv { .. }, 0) | (Self::Parquet | Self::Arrow, _) => Vec::new(),
            (Self::Csv { .. }, _) => b",".to_vec(),
            (Self::JsonLines, _) => {
                let mut lead = if place == 0 { b"{".to_vec() } else { b",".to_vec() };
                json_text(name, &mut lead);
                lead.push(b':');
                lead
            }
        };
        names.iter().enumerate().map(lead).collect()
    }

    /// Whether lines of other kinds may stand between the rows, and the manifest below them.
    pub(super) fn has_asides(self) -> bool {
        self == Self::JsonLines
    }
}

/// What a table looks like, before its first row.
pub(super) struct Head<'a> {
    /// The names of the columns.
    pub(super) names: &'a [String],
    /// What each of them holds.
    pub(super) types: &'a [Type],
    /// What a file that has a place for it says of itself: a JSON object.
    pub(super) about: &'a str,
}

/// Writes rows into a table.
pub(super) struct Writer {
    pub(super) table: Table,
    pub(super) plan: Arc<Plan>,
    /// What a line has before values that come from nowhere else.
    leads: Vec<Vec<u8>>,
    found: Found,
    rows: Rows,
}

enum Rows {
    Lines(Lines),
    Columns(Box<Columnar>),
}

impl Writer {
    /// Begins a table.
    ///
    /// # Errors
    /// If its columns make no file.
    pub(super) fn new(table: Table, plan: Arc<Plan>, head: &Head<'_>) -> Result<Self> {
        let rows = match table {
            Table::Csv { .. } | Table::JsonLines => Rows::Lines(Lines::new(table, head.names)),
            Table::Parquet => Rows::Columns(Box::new(Columnar::parquet(head)?)),
            Table::Arrow => Rows::Columns(Box::new(Columnar::arrow(head)?)),
        };
        let found = plan.nothing_found();
        Ok(Self { table, plan, leads: table.leads(head.names), found, rows })
    }

    /// Writes a row, as the plan says.
    pub(super) fn row(&mut self, row: Row<'_>) -> Result<()> {
        let (style, plan) = (self.table.style(), &self.plan);
        plan.find(row, &mut self.found)?;
        let found = &self.found;
        let write = |column, out: &mut Vec<u8>| plan.write(column, row, found, style, out);
        match &mut self.rows {
            Rows::Lines(lines) => lines.row(plan.width(), write),
            Rows::Columns(columns) => columns.row(write),
        }
    }

    /// Writes a row of values that come from nowhere else.
    pub(super) fn values(&mut self, values: &[(Form, Cell<'_>)]) -> Result<()> {
        let style = self.table.style();
        let leads = &self.leads;
        let write = |column: usize, out: &mut Vec<u8>| match (values.get(column), leads.get(column)) {
            (Some((form, cell)), Some(lead)) => {
                out.extend_from_slice(lead);
                style.write(*form, *cell, out)
            }
            _ => Ok(()),
        };
        match &mut self.rows {
            Rows::Lines(lines) => lines.row(values.len(), write),
            Rows::Columns(columns) => columns.row(write),
        }
    }

    /// Writes a line that says what became of a record that is not there any more, or of what one may see, if the table has
    /// a place for it.
    pub(super) fn tell(&mut self, action: &str, kind: Kind, id: i64) {
        use sea_orm::ActiveEnum;
        let Rows::Lines(lines) = &mut self.rows else { return };
        if self.table.has_asides() {
            let id = id::encode(kind, id);
            lines.aside(&serde_json::json!({ "change": { "action": action, "kind": kind.to_value(), "id": id } }));
        }
    }

    /// Writes a line that says that a standing is not what is asked for any more, if the table has a place for it.
    pub(super) fn gone(&mut self, stakeholder: i64, mechanism: i64) {
        let Rows::Lines(lines) = &mut self.rows else { return };
        if self.table.has_asides() {
            let [stakeholder, mechanism] =
                [(Kind::Stakeholder, stakeholder), (Kind::Mechanism, mechanism)].map(|(kind, id)| id::encode(kind, id));
            lines.aside(&serde_json::json!({
                "change": { "action": NO_MATCH, "kind": "STANDING", "stakeholder": stakeholder, "mechanism": mechanism }
            }));
        }
    }

    /// A piece to be handed on, if there is enough for one.
    pub(super) fn piece(&mut self) -> Option<Vec<u8>> {
        match &mut self.rows {
            Rows::Lines(lines) => lines.page.piece(),
            Rows::Columns(columns) => columns.piece(),
        }
    }

    /// Ends the table, and gives what has not been handed on.
    ///
    /// # Errors
    /// If the last rows make no file.
    pub(super) fn finish(self) -> Result<Text> {
        match self.rows {
            Rows::Lines(lines) => Ok(lines.page),
            Rows::Columns(columns) => columns.finish(),
        }
    }
}

impl Taker for Writer {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        self.row(row)?;
        Ok(self.piece())
    }
}

/// A table whose rows are lines.
struct Lines {
    page: Text,
    /// What ends a row.
    end: &'static [u8],
}

impl Lines {
    /// A table, with what stands above its rows: in CSV the line of names.
    fn new(table: Table, names: &[String]) -> Self {
        let mut page = Text::default();
        if table == Table::JsonLines {
            return Self { page, end: b"}\n" };
        }
        let end = b"\r\n";
        for (name, lead) in names.iter().zip(table.leads(names)) {
            page.text.extend(lead);
            table.style().text(name, &mut page.text);
        }
        page.text.extend_from_slice(end);
        Self { page, end }
    }

    /// Writes a row, of which `write` writes each of so many parts.
    fn row(&mut self, parts: usize, write: impl Fn(usize, &mut Vec<u8>) -> Result<()>) -> Result<()> {
        let text = &mut self.page.text;
        let start = text.len();
        for part in 0..parts {
            write(part, text)?;
        }
        if text.len() == start {
            // One column without a value: an empty line would be no row to most readers.
            text.extend_from_slice(b"\"\"");
        }
        text.extend_from_slice(self.end);
        self.page.rows += 1;
        Ok(())
    }

    /// Writes a line that is no row of the table.
    fn aside(&mut self, line: &Value) {
        self.page.text.extend_from_slice(line.to_string().as_bytes());
        self.page.text.push(b'\n');
        self.page.rows += 1;
    }
}
