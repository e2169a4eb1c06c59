//! Buckets of points, by which requests are limited.

use demarche_core::store::{Bucket, Store, Taken};
use demarche_tests::database::place;
use demarche_tests::{Content, Engine, World};
use entity::moment::Moment;
use proptest::prelude::*;

const BUCKET: Bucket = Bucket { size: 100, per_second: 10 };
const SECOND: i64 = 1_000_000;

fn at(seconds: i64) -> Moment {
    Moment(1_800_000_000 * SECOND + seconds * SECOND)
}

async fn take(store: &Store, points: u32, seconds: i64) -> Taken {
    store.take("somebody", BUCKET, points, at(seconds)).await.unwrap()
}

async fn store(world: &World) -> Store {
    world.database.open().await
}

demarche_tests::suite! {
    async fn what_is_taken_flows_in_again(world) {
        let store = store(&world).await;
        let taken = take(&store, 60, 0).await;
        assert_eq!(taken, Taken { granted: true, left: 40, full_in: 6 * SECOND, retry_in: 0 });
        let refused = take(&store, 60, 0).await;
        assert_eq!(refused, Taken { granted: false, left: 40, full_in: 6 * SECOND, retry_in: 2 * SECOND });
        assert!(take(&store, 60, 2).await.granted, "as was promised");
        assert_eq!(take(&store, 0, 100).await.left, 100, "never more than it holds");
    }

    async fn nobody_takes_from_the_bucket_of_another(world) {
        let store = store(&world).await;
        assert!(store.take("one", BUCKET, 100, at(0)).await.unwrap().granted);
        assert!(store.take("other", BUCKET, 100, at(0)).await.unwrap().granted);
        assert!(!store.take("one", BUCKET, 1, at(0)).await.unwrap().granted);
    }

    async fn more_than_a_bucket_holds_takes_all_of_a_full_one(world) {
        let store = store(&world).await;
        assert_eq!(take(&store, 1_000_000, 0).await.left, 0);
        assert_eq!(take(&store, 1_000_000, 5).await.retry_in, 5 * SECOND);
        assert!(take(&store, 1_000_000, 10).await.granted);
    }

    async fn buckets_that_are_full_again_are_let_go_and_the_others_kept(world) {
        let store = store(&world).await;
        take(&store, 50, 0).await;
        store.take("other", BUCKET, 100, at(0)).await.unwrap();
        store.sweep_buckets(at(6)).await.unwrap();
        assert_eq!(store.take("other", BUCKET, 0, at(6)).await.unwrap().left, 60);
        assert_eq!(take(&store, 0, 6).await.left, 100);
    }
}

/// Instances share what they limit where they share a server. (SQLite's file has one instance.)
#[test]
fn instances_on_one_server_share_their_buckets() {
    demarche_tests::run(
        "instances_on_one_server_share_their_buckets",
        Engine::Postgres,
        Content::People,
        Box::new(|world| {
            Box::pin(async {
                let (one, other) = (store(&world).await, Store::open(&place(&world.database.url)).await.unwrap());
                assert!(take(&one, 70, 0).await.granted);
                assert_eq!(take(&other, 70, 0).await.left, 30);
                world
            })
        }),
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Over any time, no more flows out than was in the bucket and has flowed into it.
    #[test]
    fn no_more_flows_out_than_flows_in(requests in proptest::collection::vec((0u32..150, 0i64..4), 1..40)) {
        let flowing = move |world: World| async move {
            let store = store(&world).await;
            // In points, and reckoned the other way round: by what is in the bucket.
            let (mut now, mut inside) = (0, i64::from(BUCKET.size));
            for (points, pause) in &requests {
                now += pause;
                inside = (inside + pause * i64::from(BUCKET.per_second)).min(i64::from(BUCKET.size));
                let wanted = i64::from((*points).min(BUCKET.size));
                let taken = take(&store, *points, now).await;
                assert_eq!(taken.granted, wanted <= inside);
                if taken.granted {
                    inside -= wanted;
                }
                assert_eq!(i64::from(taken.left), inside);
            }
            world
        };
        let test = Box::new(move |world| Box::pin(flowing(world)) as demarche_tests::Running);
        demarche_tests::run("no_more_flows_out_than_flows_in", Engine::Sqlite, Content::People, test);
    }
}
