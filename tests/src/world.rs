//! One test's world: the real server on a port of its own, its database, its clock, and three people who may sign in.

use std::net::TcpListener;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use demarche_api::http::{App, Limits, Running, Server, Settings};
use demarche_core::auth::{Auth, Passwords, Settings as AuthSettings};
use demarche_core::domain;
use demarche_core::op::{Actor, Base, Clock, Ids, Op};
use demarche_core::secret::Secret;
use demarche_import as import;
use entity::account;
use entity::moment::Moment;
use entity::words::{Marking, MemberRole, Role};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

use crate::client::Client;
use crate::database::{self, Database, Engine, Template};
use crate::schema;

/// The password of everybody in a test.
pub const PASSWORD: &str = "correct horse battery staple";

/// A clock that goes on only when it is told to.
#[derive(Debug)]
pub struct StoppedClock(AtomicI64);

impl StoppedClock {
    /// When worlds begin: noon of 24 November 2026, UTC.
    fn at_noon() -> Arc<Self> {
        let noon: DateTime<Utc> = "2026-11-24T12:00:00Z".parse().unwrap();
        Arc::new(Self(AtomicI64::new(Moment::from(noon).0)))
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Moment {
        Moment(self.0.load(Ordering::SeqCst))
    }
}

/// What is in a world's database when a test begins.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// Three people who may sign in, and nothing else.
    People,
    /// The people and the sample dossier, which the analyst owns and everybody may see.
    Sample,
}

/// One test's world.
pub struct World {
    /// What the server answers from.
    pub base: Base,
    /// Signs people in.
    pub auth: Arc<Auth>,
    /// The server.
    pub server: Running,
    /// The database.
    pub database: Database,
    clock: Arc<StoppedClock>,
    app: App,
    http: reqwest::Client,
}

impl World {
    /// Boots the server at noon on a database of its own; or says why there can be none. Boxed, so that what fills databases is not
    /// compiled again by whoever awaits it.
    pub fn start(engine: Engine, content: Content) -> Pin<Box<dyn Future<Output = Result<Self, String>>>> {
        Box::pin(async move {
            Ok(match content {
                Content::People => Self::on(with_people(engine).await?, 1).await,
                // Its keys must not be those of the sample's records.
                Content::Sample => Self::on(with_sample(engine).await?, 2).await,
            })
        })
    }

    /// Boots the server on a database with people. `node` tells the keys that it makes from those of others.
    async fn on(database: Database, node: u16) -> Self {
        let clock = StoppedClock::at_noon();
        let base = Base { store: database.open().await, clock: clock.clone(), ids: Arc::new(Ids::new(node)) };
        let auth = Arc::new(Auth::new(Self::auth_settings()));
        let schema = schema::schema(auth.clone());
        let app = App { base: base.clone(), auth: auth.clone(), schema };
        let server = serve(app.clone(), unlimited()).await;
        Self { base, auth, server, database, clock, app, http: reqwest::Client::new() }
    }

    /// Another server on the same database, with other settings; gives its address. It lives as long as this process.
    pub async fn another(&self, settings: Settings) -> String {
        format!("http://{}", serve(self.app.clone(), settings).await.address)
    }

    /// Stops the server and lets the database go.
    pub async fn end(self) {
        self.server.stop().await.unwrap();
        self.database.end().await;
    }

    /// Lets time pass.
    pub fn wait(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Now, as GraphQL writes it.
    pub fn now(&self) -> String {
        DateTime::<Utc>::from(self.clock.now()).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
    }

    /// An operation of somebody with this role, beside the server.
    pub async fn op(&self, role: Role) -> Op {
        domain::account::acting(&self.base, key(role)).await.unwrap()
    }

    /// Loads lines of the interchange format, in the name of the analyst. The header is put before them. Everybody may
    /// see what it holds.
    pub async fn load(&self, lines: &str) {
        let file = format!("{{\"record\":\"header\",\"format\":\"demarche\",\"version\":1}}\n{lines}");
        import::load(&self.op(Role::Analyst).await, file.as_bytes()).await.unwrap();
        self.admit_reader().await;
    }

    /// Makes the reader a member of every dossier that the analyst owns.
    pub async fn admit_reader(&self) {
        let op = self.op(Role::Analyst).await.begin().await.unwrap();
        let Actor::Account(signed) = &op.actor else { panic!("nobody") };
        for dossier in signed.memberships.dossiers() {
            domain::member::set(&op, dossier, &email(Role::Reader), MemberRole::Reader).await.unwrap();
        }
        op.commit().await.unwrap();
    }

    /// Another instance on the same database and clock, which lets people sign in as `settings` say.
    pub async fn instance(&self, settings: AuthSettings) -> Instance {
        let auth = Arc::new(Auth::new(settings));
        let app = App { base: self.base.clone(), auth: auth.clone(), schema: schema::schema(auth.clone()) };
        let server = serve(app, unlimited()).await;
        Instance { auth, server, http: self.http.clone() }
    }

    /// How people sign in here.
    pub fn auth_settings() -> AuthSettings {
        AuthSettings::new(Secret::new("a secret of tests, which is no secret at all"))
    }

    /// Gets a page: its status, its headers and its text.
    pub async fn get(&self, path: &str) -> (u16, reqwest::header::HeaderMap, String) {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.headers().clone(), answer.text().await.unwrap())
    }

    /// What a client's question is answered with and how many statements that takes, the one that finds out who asks
    /// included. Asked beside the server, of the schema that it serves.
    pub async fn counted(&self, client: &Client, query: &str) -> (Value, u32) {
        // The key that has signed the token is known, as to a server that has answered before.
        self.auth.actor(&self.base.op(Actor::Anonymous), client.token.as_deref()).await.unwrap();
        let mut op = self.base.op(Actor::Anonymous);
        op.actor = self.auth.actor(&op, client.token.as_deref()).await.unwrap();
        let request = serde_json::from_value(json!({ "query": query })).unwrap();
        let response = demarche_graphql::execute(&self.app.schema, request, op.clone()).await;
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        (serde_json::to_value(response.data).unwrap(), op.lane.statements())
    }

    /// What a path of the server answers without a token: the status and the body.
    pub async fn get_json(&self, path: &str) -> (u16, Value) {
        let response = self.http.get(self.url(path)).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Where the server is.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    /// Somebody who is not signed in.
    pub fn anonymous(&self) -> Client {
        self.client(None)
    }

    /// Somebody who shows this token.
    pub fn with_token(&self, token: &str) -> Client {
        self.client(Some(token.to_owned()))
    }

    /// Somebody who may read.
    pub async fn reader(&self) -> Client {
        self.signed_in(Role::Reader).await
    }

    /// Somebody who may write.
    pub async fn analyst(&self) -> Client {
        self.signed_in(Role::Analyst).await
    }

    /// Somebody who may do everything.
    pub async fn admin(&self) -> Client {
        self.signed_in(Role::Admin).await
    }

    /// Somebody new, with an account of this key.
    pub async fn newcomer(&self, key: i64, role: Role, clearance: Marking) -> Client {
        insert_account(&self.base, key, role, clearance).await;
        self.signed_in_as(key).await
    }

    /// Makes an account a member of a dossier, in the name of the admin.
    pub async fn admit(&self, dossier: i64, account: i64, role: MemberRole) {
        let op = self.op(Role::Admin).await.begin().await.unwrap();
        let found = account::Entity::find_by_id(account).one(&op.lane).await.unwrap().unwrap();
        domain::member::set(&op, dossier, &found.email, role).await.unwrap();
        op.commit().await.unwrap();
    }

    async fn signed_in(&self, role: Role) -> Client {
        self.signed_in_as(key(role)).await
    }

    /// The account with this key, signed in.
    pub async fn signed_in_as(&self, key: i64) -> Client {
        let account =
            account::Entity::find_by_id(key).one(&self.base.op(Actor::Anonymous).lane).await.unwrap().unwrap();
        let issued = self.auth.begin_session(&self.base.op(Actor::Anonymous), account).await.unwrap();
        self.client(Some(issued.token.expose().to_owned()))
    }

    fn client(&self, token: Option<String>) -> Client {
        Client::new(self.http.clone(), self.url("/graphql"), token)
    }
}

/// Another instance on the database of a world.
pub struct Instance {
    /// Signs people in.
    pub auth: Arc<Auth>,
    /// The server.
    pub server: Running,
    http: reqwest::Client,
}

impl Instance {
    /// Somebody who shows it this token.
    pub fn with_token(&self, token: &str) -> Client {
        self.client(Some(token.to_owned()))
    }

    /// Somebody who is not signed in.
    pub fn anonymous(&self) -> Client {
        self.client(None)
    }

    fn client(&self, token: Option<String>) -> Client {
        Client::new(self.http.clone(), format!("http://{}/graphql", self.server.address), token)
    }

    /// Stops the server. The database is closed with it: nothing comes after this but the end of the world.
    pub async fn end(self) {
        self.server.stop().await.unwrap();
    }
}

/// A database with three people who may sign in.
async fn with_people(engine: Engine) -> Result<Database, String> {
    static PEOPLE: Template = Template::new();
    let fill = async || {
        let database = database::fresh(engine).await?;
        let store = database.open().await;
        let base = Base { store: store.clone(), clock: StoppedClock::at_noon(), ids: Arc::new(Ids::new(0)) };
        for role in [Role::Reader, Role::Analyst, Role::Admin] {
            insert_account(&base, key(role), role, Marking::Red).await;
        }
        store.close().await;
        Ok(database)
    };
    PEOPLE.copy(engine, fill).await
}

/// A database with the sample dossier, which the analyst has loaded and everybody may see.
async fn with_sample(engine: Engine) -> Result<Database, String> {
    static SAMPLE: Template = Template::new();
    let fill = async || {
        let world = World::on(with_people(engine).await?, 1).await;
        import::load(&world.op(Role::Analyst).await, import::SAMPLE.as_bytes()).await.unwrap();
        world.admit_reader().await;
        world.server.stop().await.unwrap();
        Ok(world.database)
    };
    SAMPLE.copy(engine, fill).await
}

async fn serve(app: App, settings: Settings) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    Server::start(app, listener, Settings { workers: 1, ..settings }).await.unwrap()
}

/// The settings of a server that lets everybody ask as much as they like: in a test, the clock stands still.
pub fn unlimited() -> Settings {
    Settings { limits: Limits::NONE, ..Settings::default() }
}

/// The key of the account with a role.
pub const fn key(role: Role) -> i64 {
    match role {
        Role::Reader => 1,
        Role::Analyst => 2,
        Role::Admin => 3,
    }
}

/// The email address of the account with a role.
pub fn email(role: Role) -> String {
    format!("{role:?}@example.org").to_lowercase()
}

async fn insert_account(base: &Base, id: i64, role: Role, clearance: Marking) {
    let row = account::Model {
        id,
        email: if id == key(role) { email(role) } else { format!("account{id}@example.org") },
        name: if id == key(role) { format!("{role:?}") } else { format!("Account {id}") },
        password_hash: Some(password_hash().await.into()),
        role,
        clearance,
        suspended_at: None,
        created_at: base.clock.now(),
    };
    let op = base.op(Actor::Anonymous).begin().await.unwrap();
    account::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(&op.lane).await.unwrap();
    op.commit().await.unwrap();
}

/// The hash of [`PASSWORD`]: reckoned once, because that takes long by design.
async fn password_hash() -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    if let Some(hash) = HASH.get() {
        return hash.clone();
    }
    let hash = Passwords::default().hash(PASSWORD.to_owned()).await.unwrap();
    HASH.get_or_init(|| hash).clone()
}
