//! The tables of a database of DNA 3.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sea_orm::{DbErr, QueryResult, TryGetable, Value};

use super::statement::Statement;
use demarche_core::error::{Error, Result};
use demarche_core::store::{self, Lane};

/// How every file of SQLite begins.
pub(crate) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A database of DNA 3.
pub(super) struct Database {
    lane: Lane,
    name: String,
    /// The type of statement that says who agrees with what.
    kind: i64,
    person: i64,
    organization: i64,
    concept: i64,
    agreement: i64,
}

/// What an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Person,
    Organization,
    Concept,
}

/// A person, an organization or a concept.
#[derive(Debug)]
pub(super) struct Entity {
    pub(super) id: i64,
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// A document without its text.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) author: String,
    pub(super) source: String,
    pub(super) section: String,
    /// Seconds since 1970.
    pub(super) date: i64,
}

impl Database {
    /// Opens one.
    ///
    /// # Errors
    /// [`Error::BadInput`] if the file is no database of DNA 3.
    pub(super) async fn open(path: &Path) -> Result<Self> {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let cannot = |cause| Error::BadInput(format!("cannot read {}: {cause}", path.display()));
        let mut start = Vec::new();
        File::open(path).and_then(|file| file.take(16).read_to_end(&mut start)).map_err(cannot)?;
        let stranger =
            |why: &str| Error::BadInput(format!("{name} is not a database of Discourse Network Analyzer 3: {why}"));
        if start != MAGIC {
            return Err(stranger("it is no SQLite file"));
        }
        let lane = store::foreign(path).await?;
        let version = version(&lane).await.map_err(|cause| stranger(&why(&cause)))?;
        match version {
            Some(version) if version.starts_with("3.") => {}
            Some(version) => {
                return Err(stranger(&format!("it is one of version {version}; open it there and save it anew")));
            }
            None => return Err(stranger("it does not say of which version it is")),
        }
        let types = variables(&lane).await.map_err(|cause| stranger(&why(&cause)))?;
        let standard = types.iter().find_map(|(kind, variables)| {
            let find = |name: &str, of: &str| variables.get(&(name.to_owned(), of.to_owned())).copied();
            let text = "short text";
            let (person, organization) = (find("person", text)?, find("organization", text)?);
            let (concept, agreement) = (find("concept", text)?, find("agreement", "boolean")?);
            Some((*kind, person, organization, concept, agreement))
        });
        let none = || stranger("it has no type of statement with person, organization, concept and agreement");
        let (kind, person, organization, concept, agreement) = standard.ok_or_else(none)?;
        Ok(Self { lane, name, kind, person, organization, concept, agreement })
    }

    async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>> {
        store::read_foreign(&self.lane, sql, values).await.map_err(|cause| self.broken(&cause))
    }

    fn broken(&self, cause: &DbErr) -> Error {
        Error::BadInput(format!("{} cannot be read as a database of Discourse Network Analyzer 3: {cause}", self.name))
    }

    fn get<T: TryGetable>(&self, row: &QueryResult, column: &str) -> Result<T> {
        row.try_get("", column).map_err(|cause| self.broken(&cause))
    }

    /// What there is no place for.
    pub(super) async fn left_out(&self) -> Result<Vec<String>> {
        let sql = "SELECT t.Label AS label, count(s.ID) AS number FROM STATEMENTTYPES t JOIN STATEMENTS s \
                   ON s.StatementTypeId = t.ID WHERE t.ID <> ? GROUP BY t.ID, t.Label ORDER BY t.ID";
        let mut left_out = Vec::new();
        for row in self.rows(sql, vec![self.kind.into()]).await? {
            let (label, number) = (self.get::<String>(&row, "label")?, self.get::<i64>(&row, "number")?);
            left_out.push(format!(
                "{number} statements of the type {label:?}, which say nothing about who agrees with what"
            ));
        }
        let own = [self.person, self.organization, self.concept, self.agreement].map(Value::from);
        let sql =
            "SELECT Variable AS label FROM VARIABLES WHERE StatementTypeId = ? AND ID NOT IN (?, ?, ?, ?) ORDER BY ID";
        for row in self.rows(sql, [Value::from(self.kind)].into_iter().chain(own).collect()).await? {
            left_out.push(format!("the variable {:?} of the statements", self.get::<String>(&row, "label")?));
        }
        for (what, sql) in [
            ("notes of documents", "SELECT count(*) AS number FROM DOCUMENTS WHERE trim(Notes) <> ''"),
            ("entities that are part of another one", "SELECT count(ChildOf) AS number FROM ENTITIES"),
        ] {
            for row in self.rows(sql, Vec::new()).await? {
                let number: i64 = self.get(&row, "number")?;
                if number > 0 {
                    left_out.push(format!("{number} {what}"));
                }
            }
        }
        Ok(left_out)
    }

    /// The persons, organizations and concepts that have a name.
    pub(super) async fn entities(&self) -> Result<Vec<Entity>> {
        let sql = "SELECT v.EntityId AS id, a.AttributeVariable AS name, v.AttributeValue AS value FROM ATTRIBUTEVALUES v \
                   JOIN ATTRIBUTEVARIABLES a ON a.ID = v.AttributeVariableId WHERE trim(v.AttributeValue) <> '' \
                   ORDER BY v.EntityId, a.ID";
        let (mut aliases, mut notes): (HashMap<i64, Vec<String>>, HashMap<i64, Vec<String>>) = Default::default();
        for row in self.rows(sql, Vec::new()).await? {
            let (id, name, value): (i64, String, String) =
                (self.get(&row, "id")?, self.get(&row, "name")?, self.get(&row, "value")?);
            if name == "Alias" {
                aliases.entry(id).or_default().push(value);
            } else {
                notes.entry(id).or_default().push(format!("{name}: {value}"));
            }
        }
        let sql = "SELECT ID AS id, VariableId AS variable, Value AS value FROM ENTITIES \
                   WHERE VariableId IN (?, ?, ?) AND trim(Value) <> '' ORDER BY ID";
        let mut entities = Vec::new();
        for row in self.rows(sql, [self.person, self.organization, self.concept].map(Value::from).to_vec()).await? {
            let (id, variable): (i64, i64) = (self.get(&row, "id")?, self.get(&row, "variable")?);
            let role = match variable {
                variable if variable == self.person => Role::Person,
                variable if variable == self.organization => Role::Organization,
                _ => Role::Concept,
            };
            let (aliases, notes) = (aliases.remove(&id).unwrap_or_default(), notes.remove(&id).unwrap_or_default());
            entities.push(Entity { id, role, name: self.get(&row, "value")?, aliases, notes });
        }
        Ok(entities)
    }

    /// The documents.
    pub(super) async fn documents(&self) -> Result<Vec<Document>> {
        let sql = "SELECT ID AS id, Title AS title, Author AS author, Source AS source, Section AS section, Date AS date \
                   FROM DOCUMENTS ORDER BY ID";
        let mut documents = Vec::new();
        for row in self.rows(sql, Vec::new()).await? {
            documents.push(Document {
                id: self.get(&row, "id")?,
                title: self.get(&row, "title")?,
                author: self.get(&row, "author")?,
                source: self.get(&row, "source")?,
                section: self.get(&row, "section")?,
                date: self.get(&row, "date")?,
            });
        }
        Ok(documents)
    }

    /// The text of a document.
    pub(super) async fn text(&self, document: i64) -> Result<String> {
        let rows = self.rows("SELECT Text AS text FROM DOCUMENTS WHERE ID = ?", vec![document.into()]).await?;
        rows.first().map_or_else(|| Ok(String::new()), |row| self.get(row, "text"))
    }

    /// The statements of a document.
    pub(super) async fn statements(&self, document: i64) -> Result<Vec<Statement>> {
        let sql = "SELECT s.ID AS id, s.Start AS start, s.Stop AS stop, p.ID AS person, o.ID AS organization, \
                   c.ID AS concept, a.Value AS agreement FROM STATEMENTS s \
                   LEFT JOIN DATASHORTTEXT dp ON dp.StatementId = s.ID AND dp.VariableId = ? \
                   LEFT JOIN ENTITIES p ON p.ID = dp.Entity AND trim(p.Value) <> '' \
                   LEFT JOIN DATASHORTTEXT d_o ON d_o.StatementId = s.ID AND d_o.VariableId = ? \
                   LEFT JOIN ENTITIES o ON o.ID = d_o.Entity AND trim(o.Value) <> '' \
                   LEFT JOIN DATASHORTTEXT dc ON dc.StatementId = s.ID AND dc.VariableId = ? \
                   LEFT JOIN ENTITIES c ON c.ID = dc.Entity AND trim(c.Value) <> '' \
                   LEFT JOIN DATABOOLEAN a ON a.StatementId = s.ID AND a.VariableId = ? \
                   WHERE s.StatementTypeId = ? AND s.DocumentId = ? ORDER BY s.ID";
        let values = [self.person, self.organization, self.concept, self.agreement, self.kind, document];
        let mut statements = Vec::new();
        for row in self.rows(sql, values.map(Value::from).to_vec()).await? {
            statements.push(Statement {
                id: self.get(&row, "id")?,
                start: self.get(&row, "start")?,
                stop: self.get(&row, "stop")?,
                person: self.get(&row, "person")?,
                organization: self.get(&row, "organization")?,
                concept: self.get(&row, "concept")?,
                agreement: self.get::<Option<i64>>(&row, "agreement")?.unwrap_or(1) != 0,
            });
        }
        Ok(statements)
    }
}

/// The version of DNA that made a database.
async fn version(lane: &Lane) -> Result<Option<String>, DbErr> {
    let sql = "SELECT Value AS value FROM SETTINGS WHERE lower(Property) = 'version'";
    let rows = store::read_foreign(lane, sql, Vec::new()).await?;
    rows.first().map(|row| row.try_get("", "value")).transpose()
}

/// The keys of variables, by name and type of data.
type Variables = HashMap<(String, String), i64>;

/// The variables of each type of statement.
async fn variables(lane: &Lane) -> Result<Vec<(i64, Variables)>, DbErr> {
    let sql = "SELECT ID AS id, Variable AS name, DataType AS type, StatementTypeId AS kind FROM VARIABLES \
               ORDER BY StatementTypeId, ID";
    let rows = store::read_foreign(lane, sql, Vec::new()).await?;
    let mut types: Vec<(i64, Variables)> = Vec::new();
    for row in rows {
        let kind: i64 = row.try_get("", "kind")?;
        let variable = (row.try_get("", "name")?, row.try_get("", "type")?);
        let id = row.try_get("", "id")?;
        match types.last_mut() {
            Some((last, variables)) if *last == kind => _ = variables.insert(variable, id),
            _ => types.push((kind, HashMap::from([(variable, id)]))),
        }
    }
    Ok(types)
}

fn why(cause: &DbErr) -> String {
    let text = cause.to_string();
    match text.contains("no such table") || text.contains("no such column") {
        true => "it has other tables".to_owned(),
        false => format!("it cannot be read: {text}"),
    }
}
