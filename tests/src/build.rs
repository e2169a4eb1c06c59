//! Records to test with: somebody at a desk, with a dossier of their own and just enough in it to refer to.
//!
//! What the desk comes with has no external id; what a test makes has one, and is known by it.

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::world::World;

/// The kinds of node.
pub const NODES: [&str; 6] = ["Dossier", "Stakeholder", "Mechanism", "Condition", "Argument", "Source"];
/// The kinds of assertion.
pub const ASSERTIONS: [&str; 7] = ["Position", "Relation", "Status", "Finding", "Event", "Implication", "Rating"];
/// The text of the source on the desk.
pub const TEXT: &str = "Washington would strike; Mexico will not accept it. «Señales» were sent.";

/// Somebody at work in a dossier of their own.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Who writes and reads.
    pub client: Client,
    /// The slug of the dossier.
    pub slug: String,
    /// The dossier.
    pub dossier: String,
    /// A source with the text [`TEXT`].
    pub paper: String,
    /// A government.
    pub us: String,
    /// Another one.
    pub mx: String,
    /// A unilateral mechanism.
    pub strikes: String,
    /// A condition of it.
    pub request: String,
    /// An argument.
    pub reason: String,
}

/// The name of a kind's field: `Mechanism` is `mechanism`.
pub fn field(kind: &str) -> String {
    kind[..1].to_lowercase() + &kind[1..]
}

/// The name of a kind's list: `Status` is `statuses`.
pub fn list(kind: &str) -> String {
    field(kind) + if kind == "Status" { "es" } else { "s" }
}

/// The name of a kind's date.
pub fn date(kind: &str) -> &'static str {
    if kind == "Position" { "statedOn" } else { "occurredOn" }
}

/// What is wrong with an input, a line each: `CODE path.of.field: message`.
pub fn errors(payload: &Value) -> String {
    let line = |error: &Value| {
        let path: Vec<&str> = error["field"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        format!("{} {}: {}", error["code"].as_str().unwrap(), path.join("."), error["message"].as_str().unwrap())
    };
    payload["errors"].as_array().unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
}

/// One object with the fields of both; those of `more` count.
pub fn merge(mut base: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

impl Desk {
    /// Opens the dossier `cartels`, in the name of the analyst.
    pub async fn open(world: &World) -> Self {
        Self::open_another(world.analyst().await, "cartels").await
    }

    /// Opens a dossier.
    pub async fn open_another(client: Client, slug: &str) -> Self {
        let nothing = String::new;
        let slug = slug.to_owned();
        let mut desk = Self {
            client,
            slug,
            dossier: nothing(),
            paper: nothing(),
            us: nothing(),
            mx: nothing(),
            strikes: nothing(),
            request: nothing(),
            reason: nothing(),
        };
        desk.dossier = desk.make("Dossier", json!({ "slug": desk.slug })).await;
        desk.paper = desk.make("Source", json!({ "slug": "paper", "title": "The paper", "text": TEXT })).await;
        let government =
            |slug, name, country| json!({ "slug": slug, "name": name, "kind": "GOVERNMENT", "country": country });
        desk.us = desk.make("Stakeholder", government("us", "United States", "US")).await;
        desk.mx = desk.make("Stakeholder", government("mx", "Mexico", "MX")).await;
        let strikes = json!({ "slug": "strikes", "name": "Strikes", "mode": "UNILATERAL", "kind": "USE_OF_FORCE" });
        desk.strikes = desk.make("Mechanism", strikes).await;
        desk.request = desk.make("Condition", json!({ "statement": "The host asks for it" })).await;
        desk.reason = desk.make("Argument", json!({ "statement": "No force without consent" })).await;
        desk
    }

    /// What must be said of a record of a kind.
    fn least(&self, kind: &str, more: &Value) -> Value {
        let slug = [&more["slug"], &more["externalId"]].into_iter().find_map(Value::as_str).unwrap_or("another");
        let own = match kind {
            "Dossier" => return json!({ "slug": slug, "title": "A question" }),
            "Stakeholder" => json!({ "slug": slug, "name": "Somebody", "kind": "GROUP" }),
            "Mechanism" => json!({ "slug": slug, "name": "Something", "mode": "BILATERAL", "kind": "DIALOGUE" }),
            "Condition" => json!({ "mechanism": self.strikes, "statement": "A prerequisite" }),
            "Argument" => json!({ "statement": "A reason", "frame": "LEGAL" }),
            "Source" => json!({ "slug": slug, "title": "A document" }),
            "Position" => json!({ "stakeholder": self.us, "mechanism": self.strikes, "stance": "SUPPORT" }),
            "Relation" => json!({ "from": self.us, "to": self.mx, "kind": "PRESSURES" }),
            "Status" => json!({ "mechanism": self.strikes, "status": "PROPOSED" }),
            "Finding" => json!({ "condition": self.request, "assessor": self.us, "verdict": "UNMET" }),
            "Event" => json!({ "title": "Something happened" }),
            "Implication" => json!({ "kind": "RISK", "statement": "A risk" }),
            "Rating" => json!({ "stakeholder": self.us, "influence": 50 }),
            _ => panic!("there is no kind {kind}"),
        };
        let own = merge(own, json!({ "dossier": self.dossier }));
        if NODES.contains(&kind) {
            return own;
        }
        merge(own, json!({ "source": self.paper, date(kind): "2025-10-01" }))
    }

    /// Creates or records something: the least that must be said, and more. Gives the payload: the record, as `fields` of
    /// it, and the errors.
    pub async fn put(&self, kind: &str, more: Value, fields: &str) -> Value {
        let verb = if NODES.contains(&kind) { "create" } else { "record" };
        let mut input = merge(self.least(kind, &more), more);
        if matches!(kind, "Condition" | "Argument") {
            input.as_object_mut().unwrap().remove("slug");
        }
        let own = field(kind);
        self.client.mutate(&format!("{verb}{kind}"), input, &format!("{own} {{ {fields} }}")).await
    }

    /// Creates or records something that is in order, and gives its id.
    pub async fn make(&self, kind: &str, more: Value) -> String {
        let payload = self.put(kind, more, "id").await;
        assert_eq!(errors(&payload), "", "{kind}");
        payload[field(kind)]["id"].as_str().unwrap().to_owned()
    }

    /// Creates or records things that are in order, each under the external id that comes first.
    pub async fn make_all(&self, kind: &str, all: &[(&str, Value)]) -> Vec<String> {
        let mut ids = Vec::new();
        for (key, more) in all {
            ids.push(self.make(kind, merge(json!({ "externalId": key }), more.clone())).await);
        }
        ids
    }

    /// What is wrong with this.
    pub async fn refusal(&self, kind: &str, more: Value) -> String {
        let payload = self.put(kind, more, "id").await;
        assert_eq!(payload[field(kind)], Value::Null, "{kind}: it is there in spite of {}", errors(&payload));
        errors(&payload)
    }

    /// Each of these is refused for this reason.
    pub async fn refuses(&self, kind: &str, all: &[(Value, &str)]) {
        for (more, expected) in all {
            assert_eq!(self.refusal(kind, more.clone()).await, *expected, "{kind} with {more}");
        }
    }

    /// Edits a node.
    pub async fn edit(&self, kind: &str, id: &str, version: i32, changes: Value, fields: &str) -> Value {
        let input = merge(json!({ "id": id, "version": version }), changes);
        self.client.mutate(&format!("update{kind}"), input, &format!("{} {{ {fields} }}", field(kind))).await
    }

    /// Replaces an assertion.
    pub async fn supersede(&self, kind: &str, id: &str, more: Value, fields: &str) -> Value {
        let input = json!({ "id": id, "replacement": merge(self.least(kind, &more), more) });
        self.client.mutate(&format!("supersede{kind}"), input, &format!("{} {{ {fields} }}", field(kind))).await
    }

    /// Takes an assertion back.
    pub async fn retract(&self, id: &str, reason: &str) -> Value {
        let fields = "assertion { id retraction { at by { name } reason } }";
        self.client.mutate("retract", json!({ "id": id, "reason": reason }), fields).await
    }

    /// A record, found by its id.
    pub async fn read(&self, kind: &str, id: &str, fields: &str) -> Value {
        let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {} }} }} }}", quoted(fields));
        self.client.ask_with(&query, json!({ "id": id })).await.data()["node"].take()
    }

    /// Asks with `'` for quotation marks.
    pub async fn ask(&self, query: &str) -> Answer {
        self.client.ask(&quoted(query)).await
    }

    /// The data of an answer, asked with `'` for quotation marks.
    pub async fn data(&self, query: &str) -> Value {
        self.ask(query).await.data()
    }

    /// The dossier, asked with `'` for quotation marks.
    pub async fn of_dossier(&self, fields: &str) -> Value {
        self.data(&format!("{{ dossier(slug: '{}') {{ {fields} }} }}", self.slug)).await["dossier"].take()
    }

    /// The external ids of what a list field gives, in its order, asked with `'` for quotation marks.
    pub async fn found(&self, list: &str, arguments: &str) -> String {
        keys(&self.data(&format!("{{ {list}(first: 200, {arguments}) {{ nodes {{ externalId }} }} }}")).await[list])
    }

    /// Each of these filters finds these.
    pub async fn finds(&self, list: &str, table: &[(&str, &str)]) {
        for (filter, expected) in table {
            let found = self.found(list, &format!("filter: {{ {filter} }}")).await;
            assert_eq!(found, *expected, "{list} with {filter}");
        }
    }

    /// Each of these fields orders thus, ascending; after the bar those without a value, which come last either way.
    pub async fn orders(&self, list: &str, table: &[(&str, &str)]) {
        for (by, expected) in table {
            let (valued, missing) = expected.split_once(" | ").unwrap_or((expected, ""));
            let mut backward: Vec<&str> = valued.split(' ').collect();
            backward.reverse();
            for (direction, valued) in [("ASC", valued.to_owned()), ("DESC", backward.join(" "))] {
                let arguments = format!("orderBy: [{{ field: {by}, direction: {direction} }}]");
                let expected = format!("{valued} {missing}");
                assert_eq!(self.found(list, &arguments).await, expected.trim_end(), "{list} by {by} {direction}");
            }
        }
    }
}

/// The external ids in a connection or a list.
pub fn keys(list: &Value) -> String {
    let nodes = list.get("nodes").unwrap_or(list).as_array().unwrap();
    nodes.iter().filter_map(|node| node["externalId"].as_str()).collect::<Vec<_>>().join(" ")
}

/// With `'` for quotation marks, queries are easier to read in Rust.
fn quoted(query: &str) -> String {
    query.replace('\'', "\"")
}
