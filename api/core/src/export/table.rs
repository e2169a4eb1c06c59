//! Tables: one row a record.

use super::cell::{Style, json_text};
use super::pipe::Text;
use super::plan::Plan;
use crate::error::Result;
use crate::store::stream::{Row, Taker};

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
}

impl Table {
    pub(super) const fn style(self) -> Style {
        match self {
            Self::Csv { defused } => Style::Csv { defused },
            Self::JsonLines => Style::Json,
        }
    }

    /// What stands before the cell of each column.
    pub(super) fn leads(self, names: &[String]) -> Vec<Vec<u8>> {
        let lead = |(n, name): (usize, &String)| match self {
            Self::Csv { .. } => {
                if n == 0 {
                    Vec::new()
                } else {
                    b",".to_vec()
                }
            }
            Self::JsonLines => {
                let mut lead = if n == 0 { b"{".to_vec() } else { b",".to_vec() };
                json_text(name, &mut lead);
                lead.push(b':');
                lead
            }
        };
        names.iter().enumerate().map(lead).collect()
    }

    /// The line above all rows.
    pub(super) fn head(self, names: &[String]) -> Vec<u8> {
        let mut head = Vec::new();
        if let Self::Csv { .. } = self {
            for (n, name) in names.iter().enumerate() {
                if n > 0 {
                    head.push(b',');
                }
                self.style().text(name, &mut head);
            }
            head.extend_from_slice(self.end());
        }
        head
    }

    /// What ends a row.
    pub(super) const fn end(self) -> &'static [u8] {
        match self {
            Self::Csv { .. } => b"\r\n",
            Self::JsonLines => b"}\n",
        }
    }
}

/// Writes rows into a text.
pub(super) struct Writer {
    pub(super) page: Text,
    pub(super) table: Table,
    pub(super) plan: std::sync::Arc<Plan>,
    pub(super) leads: Vec<Vec<u8>>,
}

impl Writer {
    /// Writes a row.
    pub(super) fn row(&mut self, row: &dyn Row) -> Result<()> {
        let style = self.table.style();
        let start = self.page.text.len();
        for (column, lead) in self.leads.iter().enumerate() {
            self.page.text.extend_from_slice(lead);
            self.plan.write(column, row, style, &mut self.page.text)?;
        }
        if self.page.text.len() == start {
            // One column without a value: an empty line would be no row to most readers.
            self.page.text.extend_from_slice(b"\"\"");
        }
        self.page.text.extend_from_slice(self.table.end());
        self.page.rows += 1;
        Ok(())
    }
}

impl Taker for Writer {
    fn take(&mut self, row: &dyn Row) -> Result<Option<Vec<u8>>> {
        self.row(row)?;
        Ok(self.page.piece())
    }
}
