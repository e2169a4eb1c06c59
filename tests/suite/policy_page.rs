//! The policy as a page: who may do what, as ticks, compared with a committed file; and a walk over the whole schema, in which
//! every field is asked by those who may not see.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::sync::Arc;

use demarche_core::domain::change::{Place, write_cursor};
use demarche_core::op::{Actor, Credential, Memberships, Op, Signed};
use demarche_core::policy::{self, Action, Realm};
use demarche_tests::{Client, World};
use entity::kind::Kind;
use entity::record::Record;
use entity::words::{Marking, MemberRole, Role, TokenScope};
use sea_orm::{Iterable, QueryFilter, QuerySelect};
use serde_json::{Value, json};

use crate::marked::{self, SLUG};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/policy.txt");
/// Set it to write the page anew.
const VARIABLE: &str = "DEMARCHE_WRITE_POLICY";

/// What can be done to a record of a kind.
fn actions(kind: Kind) -> &'static [Action] {
    use Action::*;
    match kind {
        Kind::Dossier => &[Read, Export, OpenDossier, EditNode, ChangeMarking, ManageMembers, DeleteDossier],
        Kind::Stakeholder | Kind::Mechanism | Kind::Condition | Kind::Argument | Kind::Source => {
            &[Read, Export, EditNode, ChangeMarking]
        }
        Kind::Position
        | Kind::Relation
        | Kind::Status
        | Kind::Finding
        | Kind::Event
        | Kind::Implication
        | Kind::Rating => &[Read, Export, Assert, RetractOwn, RetractOthers, ChangeMarking],
        Kind::Revision => &[Read, Export],
        Kind::Account => &[ManageAccounts],
        Kind::Session | Kind::AccessToken => &[ManageTokens, ManageAccounts],
        Kind::AuditEntry => &[ReadAudit, ReadInstanceAudit],
    }
}

/// Somebody with this role, clearance and membership in these dossiers.
fn somebody(world: &World, role: Role, member: Option<MemberRole>, clearance: Marking, dossiers: &[i64]) -> Op {
    let roles = member.into_iter().flat_map(|member| dossiers.iter().map(move |dossier| (*dossier, member)));
    let memberships = Memberships::new(roles.collect::<Vec<_>>());
    world.base.op(Signed { id: 99, role, clearance, memberships, credential: Credential::Session(1) }.into())
}

/// The markings of the records of a kind in a dossier that somebody sees: asked of the database, by the scope that every
/// select begins with.
async fn seen(op: &Op, kind: Kind, dossier: i64) -> BTreeSet<Marking> {
    macro_rules! ask {
        ($($kind:ident $entity:ident),*) => {
            match kind {
                $(Kind::$kind => markings::<entity::$entity::Entity>(op, dossier).await,)*
                Kind::Account | Kind::Session | Kind::AccessToken => BTreeSet::new(),
            }
        };
    }
    ask!(Dossier dossier, Stakeholder stakeholder, Mechanism mechanism, Condition condition, Argument argument, Source source,
         Position position, Relation relation, Status status, Finding finding, Event event, Implication implication,
         Rating rating, Revision revision, AuditEntry audit)
}

async fn markings<E: Record>(op: &Op, dossier: i64) -> BTreeSet<Marking> {
    use sea_orm::ColumnTrait;
    let select = E::scoped(&policy::scope(op).unwrap()).filter(E::DOSSIER.eq(dossier));
    select.select_only().column(E::MARKING).into_tuple().all(&op.lane).await.unwrap().into_iter().collect()
}

fn members() -> impl Iterator<Item = Option<MemberRole>> {
    std::iter::once(None).chain(MemberRole::iter().map(Some))
}

/// Writes the page, and checks on the way that the clearance and all the rest are independent of each other: so that the page
/// need not show each combination.
async fn page(world: &World) -> String {
    let mut dossiers = BTreeMap::new();
    for marking in Marking::iter() {
        let (tag, word) = (format!("{marking:?}").to_lowercase(), json!(marking));
        let word = word.as_str().unwrap();
        let lines = [marked::dossier(&tag, word), marked::nodes(&tag, word), marked::assertions(&tag, word, &tag)];
        world.load(&lines.concat()).await;
        let found = world.admin().await.data(&format!("{{ dossier(slug: {tag:?}) {{ id }} }}")).await;
        dossiers.insert(marking, marked::key(&found["dossier"]["id"]));
    }
    let keys: Vec<i64> = dossiers.values().copied().collect();
    let mut rows: BTreeMap<(Kind, usize), Vec<bool>> = BTreeMap::new();
    for role in Role::iter() {
        for member in members() {
            for clearance in Marking::iter() {
                let op = somebody(world, role, member, clearance, &keys);
                let inside = member.is_some() || role == Role::Admin;
                for kind in Kind::iter() {
                    for (marking, dossier) in &dossiers {
                        let seen = seen(&op, kind, *dossier).await;
                        let expected = (!matches!(kind, Kind::Account | Kind::Session | Kind::AccessToken)
                            && inside
                            && *marking <= clearance)
                            .then_some(*marking);
                        assert_eq!(
                            seen,
                            expected.into_iter().collect(),
                            "{kind:?} marked {marking:?} for {role:?} {member:?} cleared for {clearance:?}"
                        );
                    }
                    for (n, action) in actions(kind).iter().enumerate() {
                        let allowed = match action.realm() {
                            Realm::Instance(_) => policy::may(&op, *action).is_ok(),
                            Realm::Dossier(_) => policy::can(&op, *action, keys[0]),
                        };
                        let row = rows.entry((kind, n)).or_default();
                        if clearance == Marking::Clear {
                            row.push(allowed);
                        } else {
                            assert_eq!(row.last(), Some(&allowed), "{action:?} depends on the clearance");
                        }
                    }
                }
            }
        }
    }
    let mut page = String::from(
        "Who may do what. Written by a test; a change of it is a change of the policy.\n\n\
         By the role of the account, and by the role in the dossier: - no member, R reader, A analyst, E editor, O owner.\n\
         Only on what the clearance reaches (below): everything else does not exist.\n\n",
    );
    writeln!(page, "{:<32}  READER     ANALYST    ADMIN", "").unwrap();
    writeln!(page, "{:<32}  {}", "", ["- R A E O"; 3].join("  ")).unwrap();
    for ((kind, n), row) in &rows {
        let name = format!("{} {:?}", kind.noun(), actions(*kind)[*n]);
        let roles: Vec<String> = row.chunks(5).map(ticks).collect();
        writeln!(page, "{name:<32}  {}", roles.join("  ")).unwrap();
    }
    page.push_str("\nBy clearance: which markings of a record it reaches.\n\n");
    writeln!(page, "{:<32}  CLEAR GREEN AMBER STRICT RED", "").unwrap();
    for clearance in Marking::iter() {
        let op = somebody(world, Role::Reader, Some(MemberRole::Reader), clearance, &keys);
        let mut reached = Vec::new();
        for (marking, dossier) in &dossiers {
            reached.push(seen(&op, Kind::Position, *dossier).await.contains(marking));
        }
        writeln!(page, "{:<32}  {}", format!("{clearance:?}"), ticks(&reached).replace(' ', "     ")).unwrap();
    }
    credentials(world, &mut page);
    page
}

fn credentials(world: &World, page: &mut String) {
    page.push_str(
        "\nBy credential, for an account that may do everything: a session, and access tokens with one scope each.\n\n",
    );
    let scopes: Vec<TokenScope> = TokenScope::iter().collect();
    let names: Vec<String> = scopes.iter().map(|scope| format!("{scope:?}")).collect();
    writeln!(page, "{:<32}  Session  {}", "", names.join("  ")).unwrap();
    let shown: Vec<Credential> = std::iter::once(Credential::Session(1))
        .chain(scopes.iter().map(|scope| Credential::Token { id: 1, scopes: vec![*scope], dossier: None }))
        .collect();
    let widths: Vec<usize> = std::iter::once(7).chain(names.iter().map(String::len)).collect();
    let with = |credential: &Credential| {
        let mut op = somebody(world, Role::Admin, None, Marking::Red, &[]);
        let Actor::Account(signed) = &mut op.actor else { unreachable!() };
        Arc::make_mut(signed).credential = credential.clone();
        op
    };
    for action in Action::ALL {
        let cells = shown
            .iter()
            .zip(&widths)
            .map(|(credential, width)| format!("{:<width$}", tick(policy::may(&with(credential), action).is_ok())));
        writeln!(page, "{:<32}  {}", format!("{action:?}"), cells.collect::<Vec<_>>().join("  ").trim_end()).unwrap();
    }
    page.push_str("\nHow far an export reaches, for an account cleared for RED.\n\n");
    for scopes in [vec![TokenScope::Export], vec![TokenScope::Export, TokenScope::ExportAmberStrict]] {
        let name = format!("a token with {scopes:?}");
        let op = with(&Credential::Token { id: 1, scopes, dossier: None });
        writeln!(page, "{name:<48}  {:?}", policy::export_scope(&op).unwrap().clearance()).unwrap();
    }
    let session = policy::export_scope(&with(&Credential::Session(1))).unwrap().clearance();
    writeln!(page, "{:<48}  {session:?}", "a session").unwrap();
}

fn tick(allowed: bool) -> &'static str {
    if allowed { "✓" } else { "·" }
}

fn ticks(allowed: &[bool]) -> String {
    allowed.iter().map(|allowed| tick(*allowed)).collect::<Vec<_>>().join(" ")
}

/// Root fields that answer whoever asks, each with the reason. Signed by whoever adds one.
const SIGNED: [(&str, &str); 2] = [
    ("Mutation.signIn", "it is for those whom nobody knows yet"),
    ("Mutation.refreshSession", "it is for those whose access token has expired"),
];

/// Types that the walk does not come by, each with the reason. Signed by whoever adds one.
const UNSEEN: [(&str, &str); 3] = [
    ("Retraction", "lists hold nothing that was retracted; three plain values of the assertion, which is scoped"),
    ("Quote", "five plain values of the assertion, which is scoped"),
    ("Identifier", "two plain values of the stakeholder, which is scoped"),
];

/// The schema, by introspection.
struct Schema(BTreeMap<String, Value>);

impl Schema {
    async fn ask(client: &Client) -> Self {
        const TYPE: &str = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
        let query = format!(
            "{{ __schema {{ types {{ kind name fields {{ name type {{ {TYPE} }} args {{ name defaultValue type {{ {TYPE} }} }} }}
                 inputFields {{ name defaultValue type {{ {TYPE} }} }} enumValues {{ name }} }} }} }}"
        );
        let types = client.data(&query).await["__schema"]["types"].take();
        let named = |value: &Value| (value["name"].as_str().unwrap().to_owned(), value.clone());
        Self(types.as_array().unwrap().iter().map(named).collect())
    }

    fn fields(&self, of: &str) -> &[Value] {
        self.0[of]["fields"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    fn is_leaf(&self, name: &str) -> bool {
        matches!(self.0[name]["kind"].as_str(), Some("SCALAR" | "ENUM"))
    }

    /// A field with the arguments that it needs.
    fn call(&self, field: &Value) -> String {
        let name = text(field, "name");
        let mut arguments = Vec::new();
        for argument in field["args"].as_array().unwrap() {
            let value = match (text(argument, "name"), name) {
                ("first", _) => "20".to_owned(),
                // Before all changes.
                ("after", "changes") => format!("{:?}", write_cursor(Place::default())),
                ("slug", "dossier") => format!("{SLUG:?}"),
                ("slug", "stakeholder") => "\"open-a\"".to_owned(),
                ("slug", "mechanism") => "\"open-mec\"".to_owned(),
                ("slug", "source") => "\"open-src\"".to_owned(),
                ("query", "search") => "\"e\"".to_owned(),
                ("id", _) => format!("{:?}", demarche_core::id::encode(Kind::Position, 7)),
                ("ids", _) => format!("[{:?}]", demarche_core::id::encode(Kind::Position, 7)),
                _ if argument["type"]["kind"] != "NON_NULL" || !argument["defaultValue"].is_null() => continue,
                (unknown, _) => panic!("{name} needs {unknown}: say in Schema::call what to ask it with"),
            };
            arguments.push(format!("{}: {value}", text(argument, "name")));
        }
        if arguments.is_empty() { name.to_owned() } else { format!("{name}({})", arguments.join(" ")) }
    }

    /// The fields of a type; of those that are objects, the plain values.
    fn each_field(&self, of: &str) -> Vec<String> {
        let mut selections = Vec::new();
        for field in self.fields(of) {
            let inner = named(&field["type"]);
            let mut selection = format!("{} ", self.call(field));
            if !self.is_leaf(inner) {
                let leaves = self.fields(inner).iter().filter(|leaf| self.is_leaf(named(&leaf["type"])));
                let leaves: Vec<String> = leaves.map(|leaf| self.call(leaf)).collect();
                write!(selection, "{{ __typename {} {} }} ", leaves.join(" "), self.nodes(inner)).unwrap();
            }
            selections.push(selection);
        }
        selections
    }

    /// The plain values of the records of a connection.
    fn nodes(&self, connection: &str) -> String {
        let Some(nodes) = self.fields(connection).iter().find(|field| field["name"] == "nodes") else {
            return String::new();
        };
        let leaves = self.fields(named(&nodes["type"])).iter().filter(|leaf| self.is_leaf(named(&leaf["type"])));
        format!("nodes {{ __typename {} }}", leaves.map(|leaf| self.call(leaf)).collect::<Vec<_>>().join(" "))
    }

    /// The shortest way from the query root to each type that has fields: the calls on it.
    fn ways(&self) -> BTreeMap<String, Vec<String>> {
        let mut ways = BTreeMap::from([("Query".to_owned(), Vec::new())]);
        let mut waiting = VecDeque::from(["Query".to_owned()]);
        while let Some(of) = waiting.pop_front() {
            for field in self.fields(&of) {
                let to = named(&field["type"]);
                if !self.is_leaf(to) && !ways.contains_key(to) {
                    let mut way = ways[&of].clone();
                    way.push(self.call(field));
                    ways.insert(to.to_owned(), way);
                    waiting.push_back(to.to_owned());
                }
            }
        }
        ways
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

/// The name of a type, without its list and its exclamation mark.
fn named(of: &Value) -> &str {
    let mut of = of;
    while of["name"].is_null() {
        of = &of["ofType"];
    }
    text(of, "name")
}

/// The objects at the end of a way through an answer.
fn at_end<'a>(data: &'a Value, way: &[String]) -> Vec<&'a Value> {
    let mut here = vec![data];
    for call in way {
        let name = call.split('(').next().unwrap();
        let next = here.into_iter().flat_map(|value| match &value[name] {
            Value::Array(items) => items.iter().collect(),
            other => vec![other],
        });
        here = next.collect();
    }
    here.retain(|value| value.is_object());
    here
}

fn along(way: &[String], selection: &str) -> String {
    format!(
        "{{ {} {selection} {} }}",
        way.iter().map(|call| format!("{call} {{ ")).collect::<String>(),
        "}".repeat(way.len())
    )
}

/// What must not be in an answer to somebody who is not cleared: the ids and the words of what is hidden.
async fn secrets(world: &World) -> Vec<String> {
    let mut secrets = vec!["veiled ".to_owned()];
    for (_, id, marking) in marked::everything(&world.admin().await).await {
        secrets.extend((marking == "RED").then_some(id));
    }
    assert!(secrets.len() > 20);
    secrets
}

demarche_tests::suite! {
    async fn the_policy_is_what_its_page_says(world) {
        let page = page(&world).await;
        for action in Action::ALL {
            assert!(Kind::iter().any(|kind| actions(kind).contains(&action)), "{action:?} is on no line of the page: add it to `actions`");
        }
        if std::env::var_os(VARIABLE).is_some() {
            std::fs::write(PAGE, &page).unwrap();
        }
        let committed = std::fs::read_to_string(PAGE).unwrap_or_default();
        similar_asserts::assert_eq!(committed, page, "the policy differs from tests/policy.txt: run this test once with {VARIABLE}=1, and read the difference before you commit it");
    }

    async fn every_field_is_refused_or_scoped(world) {
        marked::load(&world).await;
        let schema = Schema::ask(&world.admin().await).await;
        let secrets = secrets(&world).await;
        let id = marked::dossier_id(&world.admin().await).await;
        let dossier = marked::key(&id);
        let edit = json!({ "id": id, "version": 1, "question": "open to all?" });
        assert_eq!(world.analyst().await.mutate("updateDossier", edit, "").await["errors"], json!([]));
        let stranger = world.newcomer(10, Role::Analyst, Marking::Red).await;
        let member = world.newcomer(11, Role::Analyst, Marking::Clear).await;
        world.admit(dossier, 11, MemberRole::Editor).await;
        let script = json!({ "name": "own script", "scopes": ["READ"] });
        assert_eq!(member.mutate("createAccessToken", script, "").await["errors"], json!([]));
        let mut refused = BTreeSet::new();
        for field in schema.fields("Query") {
            let root = schema.call(field);
            let leaf = if schema.is_leaf(named(&field["type"])) { "" } else { "{ __typename }" };
            let answer = member.ask(&format!("{{ {root} {leaf} }}")).await.body;
            if answer["errors"][0]["extensions"]["code"] == "FORBIDDEN" {
                refused.insert(root);
            }
        }
        let mut unseen = BTreeSet::new();
        for (of, way) in schema.ways() {
            // Of the root, each field on its own: what is refused must not hide what is not.
            let selections = if of == "Query" { schema.each_field(&of) } else { vec![schema.each_field(&of).concat()] };
            // What hangs on a root field that is refused altogether is refused with it.
            let mut is_seen = way.first().is_some_and(|root| refused.contains(root));
            for selection in selections {
                let query = along(&way, &selection);
                let unknown = world.anonymous().ask(&query).await;
                assert!(unknown.body["data"].is_null(), "the anonymous got an answer from {of}: {:#}", unknown.body);
                assert_eq!(unknown.code(), "UNAUTHENTICATED", "{of}");
                let nothing = stranger.ask(&query).await.body.to_string();
                for secret in secrets.iter().map(String::as_str).chain(["open ", "Analyst\""]) {
                    assert!(!nothing.contains(secret), "somebody who is no member learnt {secret:?} through {of}: {query}\n{nothing}");
                }
                let answer = member.ask(&query).await;
                let said = answer.body.to_string();
                for secret in &secrets {
                    assert!(!said.contains(secret.as_str()), "somebody who is not cleared learnt {secret:?} through {of}: {query}\n{said}");
                }
                for error in answer.body["errors"].as_array().into_iter().flatten() {
                    assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{of}: {error}\n{query}");
                }
                is_seen |= !at_end(&answer.body["data"], &way).is_empty();
            }
            if !is_seen {
                unseen.insert(of);
            }
        }
        for (of, reason) in UNSEEN {
            assert!(!reason.is_empty() && unseen.remove(of), "the walk comes by {of} now: take it off the list UNSEEN");
        }
        // Interfaces are their objects.
        unseen.retain(|of| schema.0[of]["kind"] == "OBJECT");
        assert_eq!(unseen, BTreeSet::new(), "no object of these types was asked: let marked::load make one, or put the type on the list UNSEEN and say why nothing leaks through it");
    }

    async fn every_mutation_answers_of_a_hidden_record_as_of_none(world) {
        marked::load(&world).await;
        let schema = Schema::ask(&world.admin().await).await;
        let ids = Ids::of(&world).await;
        let stranger = world.newcomer(10, Role::Analyst, Marking::Red).await;
        let member = world.newcomer(11, Role::Analyst, Marking::Clear).await;
        world.admit(marked::key(&ids.dossier), 11, MemberRole::Owner).await;
        for field in schema.fields("Mutation") {
            let mutation = text(field, "name");
            let argument = field["args"].as_array().unwrap().iter().find(|argument| argument["name"] == "input");
            let Some(argument) = argument else {
                let query = format!("mutation {{ {} {{ __typename }} }}", schema.call(field));
                assert_eq!(world.anonymous().ask(&query).await.code(), "UNAUTHENTICATED", "{mutation}");
                continue;
            };
            let input = named(&argument["type"]);
            let ask = |instead: Option<(&str, &str)>| {
                let input = schema.input(mutation, input, "", &ids, instead);
                format!("mutation {{ {mutation}(input: {input}) {{ __typename errors {{ code field message }} }} }}")
            };
            if !SIGNED.iter().any(|(signed, _)| *signed == format!("Mutation.{mutation}")) {
                let refused = world.anonymous().ask(&ask(None)).await;
                assert_eq!(refused.code(), "UNAUTHENTICATED", "{mutation} answers whoever asks: let it ask the policy first, or put it on the list SIGNED with the reason");
            }
            for path in schema.references(input, "") {
                let Some(kind) = kind_of(mutation, &path) else { continue };
                let (hidden, never) = (ids.hidden(kind), demarche_core::id::encode(kind, 42));
                for client in [&stranger, &member] {
                    let told = client.text(&ask(Some((&path, &hidden)))).await.replace(&hidden, "ID");
                    let none = client.text(&ask(Some((&path, &never)))).await.replace(&never, "ID");
                    assert_eq!(without_request(&told), without_request(&none), "{mutation} {path}");
                    assert!(told.contains("\"code\":"), "{mutation} {path} takes what is hidden: {told}");
                }
            }
        }
    }
}

/// An answer without the id of its request.
fn without_request(answer: &str) -> String {
    match answer.split_once("\"requestId\":\"") {
        Some((before, after)) => format!("{before}{}", after.split_once('"').unwrap().1),
        None => answer.to_owned(),
    }
}

/// Which kind of record a field of a mutation's input names; none if it names no record.
fn kind_of(mutation: &str, path: &str) -> Option<Kind> {
    let target = |name: &str| {
        Kind::iter()
            .find(|kind| name.strip_prefix("update").or(name.strip_prefix("supersede")) == Some(&format!("{kind:?}")))
    };
    Some(match path.rsplit('.').next().unwrap() {
        "dossier" => Kind::Dossier,
        "source" => Kind::Source,
        "stakeholder" | "onBehalfOf" | "from" | "to" | "assessor" => Kind::Stakeholder,
        "mechanism" | "partOf" => Kind::Mechanism,
        "condition" | "conditions" => Kind::Condition,
        "argument" | "arguments" | "rebuts" | "reinforces" => Kind::Argument,
        "relation" => Kind::Relation,
        "account" => return None,
        "id" => match mutation {
            "deleteDossier" => Kind::Dossier,
            "retract" | "changeMarking" => Kind::Position,
            _ if NO_RECORDS.contains(&mutation) => return None,
            _ => target(mutation).unwrap_or_else(|| {
                panic!("which kind of record does the id of {mutation} name? say so in kind_of, or in NO_RECORDS")
            }),
        },
        other => panic!("which kind of record does {other} of {mutation} name? say so in kind_of"),
    })
}

/// Mutations whose id names no record of a dossier.
const NO_RECORDS: [&str; 4] = ["updateAccount", "resetPassword", "endSession", "revokeAccessToken"];

/// The ids of records that everybody sees, and of those that are hidden.
struct Ids {
    dossier: Value,
    open: BTreeMap<Kind, String>,
    hidden: BTreeMap<Kind, String>,
}

impl Ids {
    async fn of(world: &World) -> Self {
        world.load(&marked::dossier("veiled-room", "RED")).await;
        let admin = world.admin().await;
        let dossier = marked::dossier_id(&admin).await;
        let room = admin.data("{ dossier(slug: \"veiled-room\") { id } }").await["dossier"]["id"].take();
        let text = |id: &Value| id.as_str().unwrap().to_owned();
        let mut open = BTreeMap::from([(Kind::Dossier, text(&dossier))]);
        let mut hidden = BTreeMap::from([(Kind::Dossier, text(&room))]);
        for (_, id, marking) in marked::everything(&admin).await {
            let kind = demarche_core::id::decode(&id).unwrap().0;
            if marking == "RED" { &mut hidden } else { &mut open }.insert(kind, id);
        }
        Self { dossier, open, hidden }
    }

    fn hidden(&self, kind: Kind) -> String {
        self.hidden[&kind].clone()
    }
}

impl Schema {
    /// The paths of the ids in an input.
    fn references(&self, input: &str, prefix: &str) -> Vec<String> {
        let mut found = Vec::new();
        for field in self.0[input]["inputFields"].as_array().unwrap() {
            let (path, of) = (format!("{prefix}{}", text(field, "name")), named(&field["type"]));
            match self.0[of]["kind"].as_str() {
                _ if of == "ID" => found.push(path),
                Some("INPUT_OBJECT") => found.extend(self.references(of, &format!("{path}."))),
                _ => {}
            }
        }
        found
    }

    /// An input of plausible values, which names records that everybody sees; but at one path, another id.
    fn input(&self, mutation: &str, input: &str, prefix: &str, ids: &Ids, instead: Option<(&str, &str)>) -> String {
        let mut fields = Vec::new();
        for field in self.0[input]["inputFields"].as_array().unwrap() {
            let (name, of) = (text(field, "name"), named(&field["type"]));
            let path = format!("{prefix}{name}");
            let leads_there = instead.is_some_and(|(at, _)| at == path || at.starts_with(&format!("{path}.")));
            if !leads_there && (field["type"]["kind"] != "NON_NULL" || !field["defaultValue"].is_null()) {
                continue;
            }
            let value = match self.0[of]["kind"].as_str() {
                Some("INPUT_OBJECT") => self.input(mutation, of, &format!("{path}."), ids, instead),
                Some("ENUM") => text(&self.0[of]["enumValues"][0], "name").to_owned(),
                _ => match of {
                    "ID" => match instead {
                        Some((at, id)) if at == path => format!("{id:?}"),
                        _ => format!(
                            "{:?}",
                            kind_of(mutation, &path).map_or("acc_0000000000001", |kind| &ids.open[&kind])
                        ),
                    },
                    "Int" | "Float" => "1".to_owned(),
                    "Boolean" => "true".to_owned(),
                    "Date" => "\"2025-01-01\"".to_owned(),
                    "DateTime" => "\"2025-01-01T00:00:00Z\"".to_owned(),
                    _ => "\"words\"".to_owned(),
                },
            };
            let is_list = [&field["type"], &field["type"]["ofType"]].iter().any(|of| of["kind"] == "LIST");
            fields.push(format!("{name}: {}", if is_list { format!("[{value}]") } else { value }));
        }
        format!("{{ {} }}", fields.join(" "))
    }
}
