//! Networks: stakeholders and mechanisms as nodes, standings as edges from one to the other, for Gephi, visone and igraph.
//!
//! An edge has the standing's stance as a word, as a `score` from −2 to +2, its `sign`, and the `weight` by which layouts
//! draw: 2 for a strong stance, 1 for a plain one, 0 for a neutral one. Stakeholders without a stated position have no edge,
//! but stand among the nodes.

use std::collections::HashMap;
use std::io::Write;

use entity::change::Place;
use entity::kind::Kind;

use super::cell::{Style, key, stance};
use super::column::Sheet;
use super::pipe::Text;
use super::plan::reads;
use super::select::{Read, Reader};
use super::standing::{self, Standing, StandingTaker};
use demarche_core::domain::change::Listener;
use demarche_core::domain::export::{Records, Standings, Subject};
use demarche_core::error::Result;
use demarche_core::store::stream::{Cell, Outlet, Row, Taker};

/// How a network is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// GraphML 1.0.
    GraphMl,
    /// GEXF 1.3.
    Gexf,
    /// A list of edges, with the names of their ends.
    Csv {
        /// Whether texts that a spreadsheet would run as formulas are defused.
        defused: bool,
    },
}

/// The attributes of nodes: columns of stakeholders and mechanisms.
const OF_NODES: [&str; 7] = ["slug", "name", "kind", "country", "mode", "externalId", "description"];
/// The attributes of edges, and their types.
const OF_EDGES: [(&str, &str); 7] = [
    ("weight", "double"),
    ("stance", "string"),
    ("score", "int"),
    ("sign", "int"),
    ("sourceCount", "int"),
    ("contested", "boolean"),
    ("position", "string"),
];

impl Network {
    /// Writes the network: all nodes, and all edges or those that have changed after a place.
    ///
    /// # Errors
    /// If the database fails, or nobody takes what is written.
    pub(super) async fn write(
        self,
        standings: &Standings,
        reader: &mut Reader<'_>,
        since: Option<(&Listener, Place)>,
        mut page: Text,
        outlet: Option<&Outlet>,
    ) -> Result<Text> {
        self.begin(&mut page.text);
        let mut names = Labels::new();
        for kind in [Kind::Stakeholder, Kind::Mechanism] {
            let filter: Box<dyn Subject> = match kind {
                Kind::Stakeholder => Box::new(by_key(standings.stakeholders.clone())),
                _ => Box::new(by_key(standings.mechanisms.clone())),
            };
            let select = filter.select(&reader.scope, reader.as_of, reader.dossier);
            let sheet = Sheet::of(kind);
            let wanted = |read: &Read| read.name == "id" || OF_NODES.contains(&read.name);
            let reads: Vec<Read> = reads(reader, &sheet).into_iter().filter(wanted).collect();
            let columns = reads.iter().map(|read| read.name).collect();
            let nodes = Nodes { network: self, kind, columns, page, names };
            Nodes { page, names, .. } = reader.read(kind, select, &reads, nodes, outlet).await?;
        }
        self.between(&mut page.text);
        let edges = Edges { network: self, page, names };
        let mut page = standing::give(standings, reader, since, edges, outlet).await?.page;
        self.end(&mut page.text);
        Ok(page)
    }

    fn begin(self, out: &mut Vec<u8>) {
        let declare = |out: &mut Vec<u8>, text: String| out.extend_from_slice(text.as_bytes());
        match self {
            Self::Csv { .. } => {
                out.extend_from_slice(b"Source,Target,Type,sourceName,targetName");
                for (name, _) in OF_EDGES {
                    declare(out, format!(",{}", if name == "weight" { "Weight" } else { name }));
                }
                out.extend_from_slice(b"\r\n");
            }
            Self::GraphMl => {
                out.extend_from_slice(
                    b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n",
                );
                for name in ["label", "type"].iter().chain(&OF_NODES) {
                    let key =
                        format!("<key id=\"n_{name}\" for=\"node\" attr.name=\"{name}\" attr.type=\"string\"/>\n");
                    declare(out, key);
                }
                for (name, of) in OF_EDGES {
                    declare(
                        out,
                        format!("<key id=\"e_{name}\" for=\"edge\" attr.name=\"{name}\" attr.type=\"{of}\"/>\n"),
                    );
                }
                out.extend_from_slice(b"<graph id=\"standings\" edgedefault=\"directed\">\n");
            }
            Self::Gexf => {
                out.extend_from_slice(
                    b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gexf xmlns=\"http://gexf.net/1.3\" version=\"1.3\">\n<graph defaultedgetype=\"directed\" mode=\"static\">\n<attributes class=\"node\">\n",
                );
                for name in ["type"].iter().chain(&OF_NODES) {
                    declare(out, format!("<attribute id=\"n_{name}\" title=\"{name}\" type=\"string\"/>\n"));
                }
                out.extend_from_slice(b"</attributes>\n<attributes class=\"edge\">\n");
                for (name, of) in OF_EDGES.into_iter().filter(|(name, _)| *name != "weight") {
                    let of = if of == "int" { "integer" } else { of };
                    declare(out, format!("<attribute id=\"e_{name}\" title=\"{name}\" type=\"{of}\"/>\n"));
                }
                out.extend_from_slice(b"</attributes>\n<nodes>\n");
            }
        }
    }

    fn between(self, out: &mut Vec<u8>) {
        if self == Self::Gexf {
            out.extend_from_slice(b"</nodes>\n<edges>\n");
        }
    }

    fn end(self, out: &mut Vec<u8>) {
        match self {
            Self::Csv { .. } => {}
            Self::GraphMl => out.extend_from_slice(b"</graph>\n</graphml>\n"),
            Self::Gexf => out.extend_from_slice(b"</edges>\n</graph>\n</gexf>\n"),
        }
    }
}

fn by_key<E: entity::record::Record>(filter: entity::filter::Filter<E>) -> Records<E> {
    Records { filter, sort: entity::page::Sort::new(Vec::new()) }
}

type Labels = HashMap<i64, String>;

struct Nodes {
    network: Network,
    kind: Kind,
    columns: Vec<&'static str>,
    page: Text,
    /// Of the nodes, for formats in which edges name their ends.
    names: Labels,
}

impl Taker for Nodes {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        let at = |name: &str| self.columns.iter().position(|column| *column == name);
        let cell = |name: &str| at(name).map_or(Ok(Cell::Null), |at| row.cell(at));
        let text = |name: &str| cell(name).map(|cell| if let Cell::Text(text) = cell { Some(text) } else { None });
        let id = cell("id")?.integer().unwrap_or_default();
        let name = text("name")?.unwrap_or_default();
        if let Network::Csv { .. } = self.network {
            self.names.insert(id, name.to_owned());
            return Ok(None);
        }
        let out = &mut self.page.text;
        out.extend_from_slice(b"<node id=\"");
        out.extend(key(self.kind, id));
        if self.network == Network::GraphMl {
            out.extend_from_slice(b"\">");
            datum("n_label", name, out);
            datum("n_type", self.kind.noun(), out);
            for attribute in OF_NODES {
                if let Some(value) = text(attribute)? {
                    datum(&format!("n_{attribute}"), value, out);
                }
            }
            out.extend_from_slice(b"</node>\n");
        } else {
            out.extend_from_slice(b"\" label=\"");
            xml(name, out);
            out.extend_from_slice(b"\"><attvalues>");
            value("n_type", self.kind.noun(), out);
            for attribute in OF_NODES {
                if let Some(text) = text(attribute)? {
                    value(&format!("n_{attribute}"), text, out);
                }
            }
            out.extend_from_slice(b"</attvalues></node>\n");
        }
        Ok(self.page.piece())
    }
}

struct Edges {
    network: Network,
    page: Text,
    names: Labels,
}

impl StandingTaker for Edges {
    fn take(&mut self, standing: &Standing<'_>) -> Result<()> {
        let Some(verdict) = standing.verdict else { return Ok(()) };
        let score = i64::from(verdict.stance.score());
        let (source, target) = (key(Kind::Stakeholder, standing.stakeholder), key(Kind::Mechanism, standing.mechanism));
        let values = [
            score.abs().to_string(),
            stance(score).to_owned(),
            score.to_string(),
            score.signum().to_string(),
            verdict.sources.to_string(),
            verdict.contested.to_string(),
            demarche_core::id::encode(Kind::Position, verdict.winner),
        ];
        let attributes = OF_EDGES.iter().map(|(name, _)| *name).zip(&values);
        let out = &mut self.page.text;
        match self.network {
            Network::Csv { defused } => {
                out.extend([source, b",".to_vec(), target, b",Directed".to_vec()].concat());
                for end in [standing.stakeholder, standing.mechanism] {
                    out.push(b',');
                    let name = self.names.get(&end).map(String::as_str).unwrap_or_default();
                    Style::Csv { defused }.text(name, out);
                }
                for value in &values {
                    out.push(b',');
                    out.extend_from_slice(value.as_bytes());
                }
                out.extend_from_slice(b"\r\n");
            }
            Network::GraphMl => {
                // Writing to memory cannot fail.
                let _ = write!(out, "<edge id=\"e{}\" source=\"", self.page.rows + 1);
                out.extend([source, b"\" target=\"".to_vec(), target, b"\">".to_vec()].concat());
                for (name, value) in attributes {
                    datum(&format!("e_{name}"), value, out);
                }
                out.extend_from_slice(b"</edge>\n");
            }
            Network::Gexf => {
                let _ = write!(out, "<edge id=\"e{}\" weight=\"{}.0\" source=\"", self.page.rows + 1, score.abs());
                out.extend([source, b"\" target=\"".to_vec(), target, b"\"><attvalues>".to_vec()].concat());
                for (name, text) in attributes.filter(|(name, _)| *name != "weight") {
                    value(&format!("e_{name}"), text, out);
                }
                out.extend_from_slice(b"</attvalues></edge>\n");
            }
        }
        self.page.rows += 1;
        Ok(())
    }

    fn piece(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(self.page.piece())
    }

    // A network has no way to say what is not in it.
    fn gone(&mut self, _stakeholder: i64, _mechanism: i64) {}

    fn tell(&mut self, _action: &str, _kind: Kind, _id: i64) {}
}

/// A value in GraphML.
fn datum(key: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("<data key=\"{key}\">").as_bytes());
    xml(text, out);
    out.extend_from_slice(b"</data>");
}

/// A value in GEXF.
fn value(of: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("<attvalue for=\"{of}\" value=\"").as_bytes());
    xml(text, out);
    out.extend_from_slice(b"\"/>");
}

/// A text in XML 1.0, also within an attribute. What XML has no way to write becomes the sign for what cannot be shown.
fn xml(text: &str, out: &mut Vec<u8>) {
    for c in text.chars() {
        match c {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\t' => out.extend_from_slice(b"&#9;"),
            '\n' => out.extend_from_slice(b"&#10;"),
            '\r' => out.extend_from_slice(b"&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.extend_from_slice("\u{fffd}".as_bytes()),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}
