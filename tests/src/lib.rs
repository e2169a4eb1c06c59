//! How we know: a harness that boots the real server with a database of its own, a clock that stands still, and keys that
//! can be foreseen. Each test is a sentence about behaviour, and runs once on SQLite and once on PostgreSQL.
//!
//! ```ignore
//! demarche_tests::suite! {
//!     async fn reader_may_not_create_a_stakeholder(world) {
//!         let answer = world.reader().ask("mutation { … }").await;
//!         assert_eq!(answer.code(), "FORBIDDEN");
//!     }
//! }
//! ```

use std::pin::Pin;

pub mod build;
pub mod client;
pub mod database;
pub mod grid;
pub mod inspect;
pub mod program;
pub mod property;
pub mod schema;
pub mod votes;
pub mod world;

pub use self::build::Desk;
pub use self::client::{Answer, Client};
pub use self::database::Engine;
pub use self::world::{Content, Instance, World};

/// A test on its way: it gives the world back, to be taken down.
pub type Running = Pin<Box<dyn Future<Output = World>>>;

/// Runs one test on one kind of database, or says that it was skipped.
pub fn run(name: &str, engine: Engine, content: Content, test: Box<dyn FnOnce(World) -> Running>) {
    let runtime = demarche_api::http::runtime().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        match World::start(engine, content).await {
            Ok(world) => test(world).await.end().await,
            Err(missing) => println!("skipped {name} on {engine:?}: {missing}"),
        }
    });
}

/// Tests that run on both databases: `async fn name(world) { … }`, or `async fn name(world with sample) { … }` where the sample
/// dossier is in the database. Each is compiled once, and boxed, so that the runtime is not compiled again for it.
#[macro_export]
macro_rules! suite {
    ($(async fn $name:ident($world:ident $(with $content:ident)?) $body:block)*) => {
        $(
            #[allow(unused_mut, clippy::allow_attributes, reason = "few tests turn the clock")]
            fn $name(mut $world: $crate::World) -> $crate::Running {
                Box::pin(async move {
                    $body
                    $world
                })
            }
        )*

        mod sqlite {
            $(#[test] fn $name() {
                $crate::run(stringify!($name), $crate::Engine::Sqlite, $crate::content!($($content)?), Box::new(super::$name));
            })*
        }

        mod postgres {
            $(#[test] fn $name() {
                $crate::run(stringify!($name), $crate::Engine::Postgres, $crate::content!($($content)?), Box::new(super::$name));
            })*
        }
    };
}

/// What a test's world holds, in the words of [`suite`].
#[macro_export]
macro_rules! content {
    () => {
        $crate::Content::People
    };
    (sample) => {
        $crate::Content::Sample
    };
}
