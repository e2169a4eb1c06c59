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

pub mod build;
pub mod client;
pub mod database;
pub mod grid;
pub mod inspect;
pub mod program;
pub mod property;
pub mod schema;
pub mod world;

pub use self::build::Desk;
pub use self::client::{Answer, Client};
pub use self::database::Engine;
pub use self::world::{Instance, World};

/// Runs one test on one kind of database, or says that it was skipped.
pub fn run<F, T>(name: &str, engine: Engine, test: F)
where
    F: FnOnce(World) -> T,
    T: Future<Output = World>,
{
    let runtime = demarche_api::http::runtime().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        match database::fresh(engine).await {
            Ok(database) => test(World::start(database).await).await.end().await,
            Err(missing) => println!("skipped {name} on {engine:?}: {missing}"),
        }
    });
}

/// Tests that run on both databases: `async fn name(world) { … }`.
#[macro_export]
macro_rules! suite {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident) $body:block)*) => {
        mod sqlite {
            #[allow(unused_imports, clippy::allow_attributes, reason = "a test may need nothing of its file")]
            use super::*;
            $($(#[$meta])* #[test] fn $name() {
                $crate::run(stringify!($name), $crate::Engine::Sqlite, async |$world: $crate::World| {
                    #[allow(unused_mut, clippy::allow_attributes, reason = "few tests turn the clock")]
                    let mut $world = $world;
                    $body
                    $world
                });
            })*
        }

        mod postgres {
            #[allow(unused_imports, clippy::allow_attributes, reason = "a test may need nothing of its file")]
            use super::*;
            $($(#[$meta])* #[test] fn $name() {
                $crate::run(stringify!($name), $crate::Engine::Postgres, async |$world: $crate::World| {
                    #[allow(unused_mut, clippy::allow_attributes, reason = "few tests turn the clock")]
                    let mut $world = $world;
                    $body
                    $world
                });
            })*
        }
    };
}
